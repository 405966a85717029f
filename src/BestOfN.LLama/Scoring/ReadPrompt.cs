namespace BestOfN.LLama.Scoring;

/// <summary>A prompt under judgement; its state belongs to the worker's thread.</summary>
internal sealed class ReadPrompt(IReadOnlyList<int> ids)
{
    public IReadOnlyList<int> Ids => ids;

    /// <summary>The sequence in llama.cpp's memory that holds it; null while it is not read.</summary>
    public int? Slot { get; set; }

    /// <summary>When it was used last, by the scorer's count.</summary>
    public long LastUse { get; set; }

    /// <summary>Its session has ended: it is not read any more.</summary>
    public bool IsClosed { get; set; }
}
