package observe

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"flint/internal/payment"
)

// Processor measures every call to p and changes nothing about it.
func (o *Observer) Processor(p payment.Processor) payment.Processor {
	if o.Metrics == nil && o.Tracing == nil {
		return p
	}
	return &observed{p, o}
}

type observed struct {
	payment.Processor
	o *Observer
}

// Do implements payment.Processor.
func (p *observed) Do(ctx context.Context, op payment.Operation) (payment.Outcome, error) {
	return p.call(ctx, "do", op, p.Processor.Do)
}

// Lookup implements payment.Processor.
func (p *observed) Lookup(ctx context.Context, op payment.Operation) (payment.Outcome, error) {
	return p.call(ctx, "lookup", op, p.Processor.Lookup)
}

func (p *observed) call(ctx context.Context, call string, op payment.Operation,
	do func(context.Context, payment.Operation) (payment.Outcome, error),
) (out payment.Outcome, err error) {
	started := p.o.Clock.Now()
	var span trace.Span
	if t := p.o.Tracing; t != nil {
		ctx, span = t.tracer.Start(ctx, "processor "+call+" "+string(op.Kind), trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
			attribute.String("flint.processor", op.Processor), attribute.String("flint.operation_id", op.ID), attribute.String("flint.operation_kind", string(op.Kind)),
			attribute.String("flint.order_id", op.OrderID), attribute.String("flint.merchant_id", op.Scope.MerchantID),
			attribute.String("flint.environment_id", op.Scope.EnvironmentID)))
	}
	returned := false
	defer func() {
		outcome := outcomeOf(out, err)
		if !returned {
			outcome = "panicked"
		}
		p.o.Metrics.operation(op, call, outcome, p.o.Clock.Now().Sub(started))
		if span == nil {
			return
		}
		span.SetAttributes(attribute.String("flint.outcome", outcome))
		if !returned {
			span.SetStatus(codes.Error, outcome)
		}
		finish(span, err)
	}()
	out, err = do(ctx, op)
	returned = true
	return out, err
}
