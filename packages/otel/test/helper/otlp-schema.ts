import protobuf from "protobufjs";

/** As much of OTLP as is looked at: https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/metrics/v1/metrics.proto */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message ExportMetricsServiceRequest { repeated ResourceMetrics resource_metrics = 1; }
  message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeMetrics { InstrumentationScope scope = 1; repeated Metric metrics = 2; }
  message InstrumentationScope { string name = 1; }
  message Metric {
    string name = 1;
    string unit = 3;
    oneof data { Sum sum = 7; ExponentialHistogram exponential_histogram = 10; }
  }
  message Sum { repeated NumberDataPoint data_points = 1; int32 aggregation_temporality = 2; bool is_monotonic = 3; }
  message NumberDataPoint {
    fixed64 start_time_unix_nano = 2;
    fixed64 time_unix_nano = 3;
    oneof value { double as_double = 4; sfixed64 as_int = 6; }
    repeated KeyValue attributes = 7;
  }
  message ExponentialHistogram { repeated ExponentialHistogramDataPoint data_points = 1; int32 aggregation_temporality = 2; }
  message ExponentialHistogramDataPoint {
    repeated KeyValue attributes = 1;
    fixed64 start_time_unix_nano = 2;
    fixed64 time_unix_nano = 3;
    fixed64 count = 4;
    double sum = 5;
    sint32 scale = 6;
    fixed64 zero_count = 7;
    Buckets positive = 8;
  }
  message Buckets { sint32 offset = 1; repeated uint64 bucket_counts = 2; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
`);
const request = root.lookupType("ExportMetricsServiceRequest");

/** A batch in OTLP's protobuf encoding, with the members that its JSON encoding has. */
export function batchOf(bytes: Uint8Array): unknown {
  return request.toObject(request.decode(bytes), { longs: String, defaults: true });
}
