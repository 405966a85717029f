using BestOfN.Core.Prompts;

namespace BestOfN.Data.Benchmarks;

/// <summary>One prompt with all its answers, which are scored in one pass.</summary>
/// <param name="Prompt">What the answers answer, images included.</param>
/// <param name="Answers">In the order of the benchmark's scores.</param>
public sealed record BenchmarkQuestion(Prompt Prompt, IReadOnlyList<string> Answers)
{
    /// <summary>A question without an image.</summary>
    public static BenchmarkQuestion OfText(string prompt, IReadOnlyList<string> answers) => new(new Prompt([new("user", prompt)]), answers);
}
