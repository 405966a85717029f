using BestOfN.Inference.Networks;

namespace BestOfN.Benchmarks.Scoring;

/// <summary>One prompt of P tokens and N answers.</summary>
internal sealed record ScoringCase(int P, int A, int N, bool Lognormal)
{
    private const double Sigma = 0.6;   // the longest of 16 is then about three times the mean

    public string Lengths => Lognormal ? "lognormal" : "equal";

    public int[] Prompt { get; } = Tokens(new Random(1), P);

    /// <summary>All of A tokens, or lognormal around a mean of A.</summary>
    public int[][] Answers { get; } = Draw(A, N, Lognormal);

    public int AnswerTokens => Answers.Sum(a => a.Length);

    public int LongestAnswer => Answers.Max(a => a.Length);

    /// <summary>Tokens that the shared method computes.</summary>
    public int SharedTokens => P + AnswerTokens;

    /// <summary>Share of padding among the answer tokens of a batch padded to the longest.</summary>
    public double PaddedShare => 1 - ((double)AnswerTokens / (N * LongestAnswer));

    /// <summary>
    /// What the shared method cannot do without: every linear layer once per token, every query with every key it sees. In the last layer
    /// keys and values of all tokens, the rest for one token of every answer.
    /// </summary>
    public double SharedFlops(DecoderConfiguration c)
    {
        var perTokenAndLayer = (double)c.LinearFlopsPerToken / c.Layers;
        var keysAndValues = 4.0 * c.HiddenSize * c.KeyValueHeads * c.HeadSize;
        var linear = (SharedTokens * (c.Layers - 1) * perTokenAndLayer) + (SharedTokens * keysAndValues)
            + (N * (perTokenAndLayer - keysAndValues));

        var pairs = (P * (P + 1.0) / 2) + Answers.Sum(a => ((double)a.Length * P) + (a.Length * (a.Length + 1.0) / 2));
        var lastPairs = Answers.Sum(a => (double)P + a.Length);
        var attention = 4.0 * c.Heads * c.HeadSize * (((c.Layers - 1) * pairs) + lastPairs);
        return linear + attention;
    }

    private static int[][] Draw(int mean, int n, bool lognormal)
    {
        var random = new Random(2);
        var lengths = Enumerable.Range(0, n).Select(_ => lognormal ? Lognormal(random) * mean : mean).ToArray();
        var scale = mean * n / lengths.Sum();
        return [.. lengths.Select(l => Tokens(random, Math.Max(1, (int)Math.Round(l * scale))))];

        static double Lognormal(Random r) =>
            Math.Exp(Sigma * Math.Sqrt(-2 * Math.Log(1 - r.NextDouble())) * Math.Cos(2 * Math.PI * r.NextDouble()));
    }

    private static int[] Tokens(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => random.Next(RandomModels.Hundred.VocabularySize))];
}
