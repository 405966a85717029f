namespace BestOfN.Inputs.Decoding;

/// <summary>How a <see cref="GenerationScheduler"/> shares its engine among requests.</summary>
/// <param name="MaxSequences">Sequences that decode together, over all requests.</param>
/// <param name="QueueLength">Requests that may wait for their turn.</param>
/// <param name="TokensPerPrefill">Prompt tokens read between two steps of the sequences that run.</param>
internal sealed record SchedulerLimits(int MaxSequences, int QueueLength, int TokensPerPrefill);
