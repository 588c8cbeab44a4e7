// Package observe shows operators what the platform does and hides what nobody may read: a log that
// masks secrets and card numbers whatever wrote them, metrics for Prometheus, and traces for
// OpenTelemetry that cost next to nothing until they are configured.
//
// Nothing here is global. The server builds one logger, one Metrics and one Tracing, and hands them
// to what it wires together. No decision of the platform depends on any of them.
package observe
