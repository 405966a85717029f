namespace BestOfN.Core.Generation;

/// <summary>A running generation. Disposing it ends every candidate that is still being made, upstream calls included.</summary>
public interface IGeneration : IAsyncDisposable
{
    /// <summary>
    /// What happens, as it happens, candidates interleaved. Each candidate ends with exactly one <see cref="CandidateFinished"/>
    /// or <see cref="CandidateFailed"/>, unless it was cancelled. To be enumerated once.
    /// </summary>
    IAsyncEnumerable<GenerationEvent> Events { get; }

    /// <summary>Tokens of the prompt, where that is known before a candidate has finished; null where it is not.</summary>
    int? PromptTokens => null;

    /// <summary>Ends one candidate; its siblings go on. Idempotent; may be called from any thread.</summary>
    void Cancel(int index);
}
