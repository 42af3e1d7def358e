import { layerFn } from "../compose/layer-fn.ts";
import type { Gate, GateOptions, Lease } from "../contract/gate.ts";
import type { Adds } from "../contract/kind.ts";
import type { Layer } from "../contract/layer.ts";
import { leaveRefusal } from "../errors/refusal.ts";
import { requireAbout } from "../kit/about.ts";
import { readOption, readOptions, requireFunction, requireMethods, requireName, requireOneOf } from "../kit/check.ts";
import { stackOf, stackService } from "../stack/stack.ts";
import { cancelLease, holdOf } from "./gated-call.ts";
import { leaseStack } from "./lease-stack.ts";
import { slotSourceOf } from "./slot-source.ts";
import { slotStack } from "./slot-stack.ts";

/**
 * The one layer that composes a gate with the service inside it. An admitted call holds its lease until the call, and all
 * that was registered with `waitUntil`, has settled (or as long as the gate's `holds` says); nothing is lost when the service
 * inside refuses, throws, or is never called.
 *
 * @example
 * const layer = gate(new Semaphore(10), { name: "upstream", label: "db" });
 *
 * @throws TypeError when an option is missing or of another type, and when `until` goes with a gate that does not hold until
 *   the work has settled
 */
export function gate<Req = unknown, Err = never>(policy: Gate<Req, Err>, options: GateOptions): Layer<Adds<Err, Req>> {
  const { holds, admit } = readGate(policy);
  const { name, until, label, traits, facts } = readOptions("gate", options, [
    "name",
    "until",
    "label",
    "traits",
    "facts",
  ]);
  requireName("gate", name);
  if (until !== undefined) {
    requireFunction("gate", "until", until);
    if (holds !== "work") {
      throw new TypeError(`gate: until must go with a gate that holds until the work has settled; received "${holds}"`);
    }
  }
  const about = requireAbout("gate", { label, traits, facts });
  const held = holdOf(holds, until);
  const slots = until === undefined && policy.admitted === undefined ? slotSourceOf(policy) : undefined;
  const refuse = (request: unknown): undefined => {
    const { reason = "capacity" } = policy;
    return leaveRefusal({ layer: name, label, reason, retryAfter: policy.retryAfter?.(request as Req) });
  };
  return layerFn<Adds<Err, Req>>(
    name,
    (service) => {
      const inner = stackOf(service);
      const leased = leaseStack(inner, policy, { admit, hold: held, refuse });
      return stackService(slots === undefined ? leased : slotStack(inner, policy, slots, refuse, leased.wait));
    },
    policy,
    about,
  );
}

/** What is read of a gate once: how long it holds, and what is held in the place of a lease. */
function readGate(policy: Gate<any, unknown>): {
  readonly holds: "work" | "answer" | "start";
  readonly admit: (lease: Lease, request: unknown) => Lease;
} {
  requireMethods("gate", "gate", policy, "a gate", ["tryAcquire", "acquire"]);
  const holds = readOption("gate", policy, "holds", "gate.holds");
  for (const name of ["retryAfter", "admitted"]) {
    const method = readOption("gate", policy, name, `gate.${name}`);
    if (method !== undefined) requireFunction("gate", `gate.${name}`, method);
  }
  return {
    holds: holds === undefined ? "work" : requireOneOf("gate", "gate.holds", holds, ["work", "answer", "start"]),
    admit: policy.admitted === undefined ? (lease) => lease : admitting(policy as Required<Gate<any>>),
  };
}

/** What the gate makes of a lease. Where it throws, the lease is cancelled, and it is a failure of readiness. */
function admitting(policy: Required<Gate<any>>): (lease: Lease, request: unknown) => Lease {
  return (lease, request) => {
    try {
      return policy.admitted(lease, request);
    } catch (error) {
      cancelLease(lease);
      throw error;
    }
  };
}
