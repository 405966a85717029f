namespace BestOfN.Data.Samples;

/// <summary>One of the answers that were drawn for a prompt.</summary>
/// <param name="Text">The answer.</param>
/// <param name="FinishReason"><c>stop</c>, <c>length</c> or another of the generator's words.</param>
/// <param name="Tokens">Tokens of the answer, as the generator counts them.</param>
/// <param name="Score">Its reward, a float32; null: there is no reward model, or the answer is too long for it.</param>
/// <param name="IsCorrect">What the checker of a pocket world says; null where there is no checker.</param>
public sealed record SampledAnswer(string Text, string FinishReason, long Tokens, double? Score, bool? IsCorrect)
{
    /// <summary>The generator ended the answer itself; nothing was cut off.</summary>
    public bool IsFinished => FinishReason == "stop";
}
