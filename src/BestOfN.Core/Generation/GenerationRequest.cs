using BestOfN.Core.Prompts;

namespace BestOfN.Core.Generation;

/// <summary>An order for candidates of one prompt.</summary>
public sealed record GenerationRequest
{
    public required Prompt Prompt { get; init; }

    /// <summary>How many candidates, at least 1.</summary>
    public required int Candidates { get; init; }

    /// <summary>The generator's own name of the model, without any <c>@N</c>.</summary>
    public required string Model { get; init; }

    public SamplingParameters Sampling { get; init; } = new();

    /// <summary>
    /// The client's request as it came (UTF-8 JSON), for generators that speak the client's protocol; empty if there is none.
    /// </summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Generated tokens allowed over all candidates together; null: no limit.</summary>
    public int? TokenBudget { get; init; }

    /// <summary>Told the length of each pause after which an upstream that failed is asked again; null: nobody wants to know.</summary>
    public Action<TimeSpan>? OnRetry { get; init; }
}
