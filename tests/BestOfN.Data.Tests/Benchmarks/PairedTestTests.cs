using System.Text.Json;
using BestOfN.Data.Benchmarks;

namespace BestOfN.Data.Tests.Benchmarks;

public sealed class PairedTestTests
{
    [Theory]
    [InlineData(1, 9, 0.021484375)]         // 2 · (1 + 10) / 2^10
    [InlineData(0, 5, 0.0625)]
    [InlineData(3, 3, 1)]
    [InlineData(0, 0, 1)]
    public void The_p_value_is_that_of_the_exact_binomial(int first, int second, double p) =>
        Assert.Equal(p, new PairedTest(100, first, second).PValue, 1e-12);

    [Fact]
    public void Thousands_of_discordant_rows_do_not_underflow()
    {
        // z = 100 / √3000: about 0.068 two-sided.
        Assert.InRange(new PairedTest(10_000, 1450, 1550).PValue, 0.06, 0.08);
    }

    [Fact]
    public void The_difference_has_the_standard_error_of_pairs()
    {
        var test = new PairedTest(100, 15, 5);
        Assert.Equal(0.1, test.Difference, 1e-12);
        Assert.Equal(Math.Sqrt(20 - 1) / 100, test.StandardError, 1e-12);
        Assert.Equal(0.1 - (1.959963984540054 * test.StandardError), test.Interval95.Low, 1e-12);
    }

    [Fact]
    public void Other_rows_are_refused_and_the_first_that_differs_is_named()
    {
        BenchmarkRow[] ours = [Row(1), Row(2)], theirs = [Row(1), Row(3)];
        var e = Assert.Throws<InvalidDataException>(() => PairedTest.Of(ours, [true, true], theirs, [true, false]));
        Assert.Contains("row 2: expected the same rows in the same order, found 2 and 3", e.Message, StringComparison.Ordinal);
        Assert.Equal((2, 1, 0), PairedTest.Of(ours, [true, true], ours, [true, false]) is var test
            ? (test.Rows, test.OnlyFirst, test.OnlySecond) : default);
    }

    [Fact]
    public void Scores_that_grow_with_the_tokens_within_a_prompt_correlate_with_length_whatever_the_prompt()
    {
        var rows = new[]
        {
            RmRow(1, [1, 2, 3], [1, 2, 3], [10, 20, 30, 10, 20, 30]),
            RmRow(2, [-101, -102, -103], [-101, -102, -103], [530, 520, 510, 530, 520, 510]),
        };
        Assert.Equal(1, new RmBench().Measure(rows).Metrics["length_correlation"]!.GetValue<double>(), 1e-9);
        Assert.Null(new RmBench().Measure([RmRow(1, [1, 2, 3], [1, 2, 3], null)]).Metrics["length_correlation"]);
    }

    private static BenchmarkRow Row(int id) => new(JsonElement.Parse($"{{\"id\": {id}}}"), "scores.jsonl", id);

    private static BenchmarkRow RmRow(int id, float[] chosen, float[] rejected, int[]? tokens) => new(
        JsonSerializer.SerializeToElement(new { id, domain = "chat", score_chosen = chosen, score_rejected = rejected, tokens }),
            "scores.jsonl", id);
}
