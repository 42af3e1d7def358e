/* oxlint-disable vitest/no-conditional-expect -- what a random schedule brings about is looked at where it is */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LinkedList, LinkedNode } from "../src/kit.ts";

class Node extends LinkedNode<Node> {}

function forwards(list: LinkedList<Node>): Node[] {
  const nodes: Node[] = [];
  for (let node = list.first; node !== undefined; node = node.next) nodes.push(node);
  return nodes;
}

function backwards(list: LinkedList<Node>): Node[] {
  const nodes: Node[] = [];
  for (let node = list.last; node !== undefined; node = node.previous) nodes.push(node);
  return nodes;
}

describe("a linked list", () => {
  test("does what an array does, whoever joins and leaves", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constant("join" as const), fc.nat(20), fc.record({ toEnd: fc.nat(20) }))),
        (steps) => {
          const list = new LinkedList<Node>();
          const array: Node[] = [];
          for (const step of steps) {
            if (step === "join") {
              const node = new Node();
              list.push(node);
              array.push(node);
            } else if (typeof step === "object") {
              const [node] = array.splice(step.toEnd % Math.max(array.length, 1), 1);
              if (node !== undefined) {
                list.toEnd(node);
                array.push(node);
              }
            } else {
              const [node] = array.splice(step % Math.max(array.length, 1), 1);
              if (node !== undefined) {
                expect(list.remove(node)).toBe(true);
                expect(list.remove(node)).toBe(false);
              }
            }
            expect(forwards(list)).toEqual(array);
            expect(backwards(list)).toEqual([...array].reverse());
            expect(list.size).toBe(array.length);
          }
        },
      ),
    );
  });

  test("lets nobody leave who stands elsewhere, or nowhere", () => {
    const [one, two] = [new LinkedList<Node>(), new LinkedList<Node>()];
    const node = new Node();
    expect(one.remove(node)).toBe(false);
    one.push(node);
    expect(two.remove(node)).toBe(false);
    expect([one.size, two.size]).toEqual([1, 0]);
  });

  test("a node that left may join again, elsewhere, and keeps hold of nobody meanwhile", () => {
    const [one, two] = [new LinkedList<Node>(), new LinkedList<Node>()];
    const nodes = [new Node(), new Node(), new Node()] as const;
    for (const node of nodes) one.push(node);
    one.remove(nodes[1]);
    expect([nodes[1].list, nodes[1].previous, nodes[1].next]).toEqual([undefined, undefined, undefined]);
    two.push(nodes[1]);
    expect([forwards(one), forwards(two)]).toEqual([[nodes[0], nodes[2]], [nodes[1]]]);
  });
});
