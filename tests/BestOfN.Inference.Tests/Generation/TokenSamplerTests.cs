using BestOfN.Core.Failures;
using BestOfN.Core.Generation;
using BestOfN.Inference.Generation;
using BestOfN.Inputs.Decoding;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Generation;

public sealed class TokenSamplerTests
{
    private const int Draws = 20_000;

    private static readonly float[] s_logits = [0.5f, 2f, -1f, 1f, 0f, 1.5f, -3f, 0.25f];

    [Theory]
    [InlineData(1.0)]
    [InlineData(0.5)]
    [InlineData(1.7)]
    public void Draws_follow_the_softmax_at_the_temperature(double temperature) =>
        AssertFollows(Softmax(temperature), Frequencies(new TokenSampling { Temperature = temperature }));

    [Fact]
    public void Temperature_zero_and_top_k_one_are_greedy()
    {
        Assert.Equal(Draws, Frequencies(TokenSampling.Greedy)[1]);
        Assert.Equal(Draws, Frequencies(new TokenSampling { TopK = 1 })[1]);
    }

    [Fact]
    public void Top_k_keeps_the_k_most_probable() => AssertFollows(Only(Softmax(), 1, 5, 3), Frequencies(new TokenSampling { TopK = 3 }));

    [Theory]
    [InlineData(0.0, 1)]
    [InlineData(0.38, 1)]
    [InlineData(0.5, 2)]          // 0.39 + 0.24 reaches it
    [InlineData(0.7, 3)]
    [InlineData(0.97, 6)]
    public void Top_p_keeps_the_fewest_tokens_that_reach_the_mass(double mass, int kept)
    {
        int[] best = [1, 5, 3, 0, 7, 4, 2, 6];
        AssertFollows(Only(Softmax(), best[..kept]), Frequencies(new TokenSampling { TopP = mass }));
    }

    [Fact]
    public void Top_p_is_measured_on_what_top_k_left() =>
        AssertFollows(Only(Softmax(), 1), Frequencies(new TokenSampling { TopK = 2, TopP = 0.6 }));      // 0.62 of the two

    [Fact]
    public void Top_p_over_a_large_vocabulary_is_the_same_as_over_a_small_one()
    {
        // More than the shortlist holds: 6000 equal tokens and one that is a little better.
        using var scope = NewDisposeScope();
        foreach (var (mass, fewest) in ((double, int)[])[(0.0001, 1), (0.5, 2000)])
        {
            var logits = zeros(400, 6000);
            logits[.., 77] = 1f;
            var rows = Rows(400, new TokenSampling { TopP = mass });
            TokenSampler.Draw(logits, rows);
            var distinct = rows.Select(r => r.Ids[0]).Distinct().Count();
            Assert.True(fewest == 1 ? distinct == 1 && rows[0].Ids[0] == 77 : distinct > 300, $"{distinct} at {mass}");
        }
    }

    [Fact]
    public void Min_p_drops_what_is_below_its_share_of_the_best() =>
        // e^-1 = 0.37 stays, e^-1.5 = 0.22 goes
        AssertFollows(Only(Softmax(), 1, 5, 3), Frequencies(new TokenSampling { MinP = 0.3 }));

    [Fact]
    public void Penalties_lower_what_was_drawn_before_and_nothing_else()
    {
        using var scope = NewDisposeScope();
        var sampling = TokenSampling.Greedy with { FrequencyPenalty = 0.4, PresencePenalty = 0.3 };
        var sequence = new TokenSequence(sampling, 0);
        for (var i = 0; i < 4; i++)
        {
            TokenSampler.Draw(tensor(s_logits).unsqueeze(0), [sequence]);
        }

        // 1: 2 → 1.3; then 5: 1.5 → 0.8; then 1 again: 1.3 → 0.9; then 3 at 1.
        Assert.Equal([1, 5, 1, 3], sequence.Ids);
    }

    [Fact]
    public void Rows_with_different_settings_do_not_mix()
    {
        using var scope = NewDisposeScope();
        TokenSampling[] settings = [new(), TokenSampling.Greedy, new() { TopK = 2 }, new() { TopP = 0.5 },
            new() { MinP = 0.3 }, new() { Temperature = 1.7 }, new() { FrequencyPenalty = 1 }];
        var together = settings.Select((s, i) => new TokenSequence(s, i)).ToArray();
        var alone = settings.Select((s, i) => new TokenSequence(s, i)).ToArray();
        for (var step = 0; step < 50; step++)
        {
            TokenSampler.Draw(tensor(s_logits).unsqueeze(0).repeat(settings.Length, 1), together);
            Array.ForEach(alone, a => TokenSampler.Draw(tensor(s_logits).unsqueeze(0), [a]));
        }

        Assert.Equal(alone.Select(a => a.Ids), together.Select(t => t.Ids));
    }

    [Fact]
    public void Neighbouring_seeds_and_steps_are_independent()
    {
        var mean = Enumerable.Range(0, 10_000).Average(s => CounterRandom.Uniform(s, 0));
        var next = Enumerable.Range(0, 10_000).Average(s => (CounterRandom.Uniform(s, 3) - 0.5) * (CounterRandom.Uniform(s + 1, 3) - 0.5));
        var step = Enumerable.Range(0, 10_000).Average(s => (CounterRandom.Uniform(7, s) - 0.5) * (CounterRandom.Uniform(7, s + 1) - 0.5));
        Assert.Equal(0.5, mean, 0.01);
        Assert.Equal(0, next, 0.003);
        Assert.Equal(0, step, 0.003);
    }

    [Fact]
    public void A_row_that_is_not_finite_breaks_its_own_sequence_only()
    {
        using var scope = NewDisposeScope();
        var logits = tensor(s_logits).unsqueeze(0).repeat(4, 1);
        logits[1, 3] = float.NaN;
        logits[2] = float.PositiveInfinity;
        foreach (var sampling in (TokenSampling[])[new(), TokenSampling.Greedy])
        {
            var rows = Rows(4, sampling);
            TokenSampler.Draw(logits.clone(), rows);
            Assert.Equal([false, true, true, false], rows.Select(r => r.IsBroken));
        }
    }

    [Fact]
    public void Logprobs_are_the_models_own_whatever_the_filters()
    {
        using var scope = NewDisposeScope();
        var sampling = new TokenSampling { Temperature = 0.3, TopK = 2, PresencePenalty = 1 };
        TokenSequence[] rows = [new(sampling, 1), new(sampling, 2, 3), new(sampling, 3, 0)];
        TokenSampler.Draw(tensor(s_logits).unsqueeze(0).repeat(3, 1), rows);
        Assert.Empty(rows[0].Drawn);
        var softmax = Softmax();
        foreach (var row in rows[1..])
        {
            Assert.Equal(row.Ids[0], row.Drawn[0].Token.Id);
            Assert.Equal(Math.Log(softmax[row.Ids[0]]), row.Drawn[0].Token.Logprob, 1e-5);
        }

        Assert.Equal([1, 5, 3], rows[1].Drawn[0].Alternatives.Select(a => a.Id));
        Assert.All(rows[1].Drawn[0].Alternatives, a => Assert.Equal(Math.Log(softmax[a.Id]), a.Logprob, 1e-5));
        Assert.Empty(rows[2].Drawn[0].Alternatives);
    }

    [Fact]
    public void Settings_out_of_range_are_invalid_requests()
    {
        SamplingParameters[] wrong =
        [
            new() { Temperature = -0.1 }, new()
            {
                Temperature = double.NaN,
            }, new() { Temperature = 2.1 }, new() { TopP = 1.1 }, new() { MinP = -1 }, new() { FrequencyPenalty = 3 },
            new() { PresencePenalty = -3 },
        ];
        Assert.All(wrong, w => Assert.Equal(
            FailureKind.InvalidRequest, Assert.Throws<GenerationFailedException>(() => new TokenSampling().With(w)).Failure.Kind));
        Assert.Equal(
            new TokenSampling { TopP = 0.9, TopK = 0 }, new TokenSampling { TopP = 0.9 }.With(new SamplingParameters { TopK = -1 }));
    }

    private static TokenSequence[] Rows(int count, TokenSampling sampling) =>
        [.. Enumerable.Range(0, count).Select(i => new TokenSequence(sampling, i))];

    private static double[] Frequencies(TokenSampling sampling)
    {
        using var scope = NewDisposeScope();
        var rows = Rows(Draws, sampling);
        TokenSampler.Draw(tensor(s_logits).unsqueeze(0).repeat(Draws, 1), rows);
        var counts = new double[s_logits.Length];
        foreach (var row in rows)
        {
            counts[row.Ids[0]]++;
        }

        return counts;
    }

    private static double[] Softmax(double temperature = 1)
    {
        var weights = s_logits.Select(l => Math.Exp(l / temperature)).ToArray();
        return [.. weights.Select(w => w / weights.Sum())];
    }

    private static double[] Only(double[] probabilities, params int[] kept)
    {
        var mass = kept.Sum(k => probabilities[k]);
        return [.. probabilities.Select((p, i) => kept.Contains(i) ? p / mass : 0)];
    }

    // Chi-square with at most 7 degrees of freedom: 24.3 is the 0.999 quantile. Seeds are fixed, so this never flickers.
    private static void AssertFollows(double[] expected, double[] counts)
    {
        Assert.All(counts.Where((_, i) => expected[i] == 0), c => Assert.Equal(0, c));
        var distance = counts.Zip(expected).Where(x => x.Second > 0)
            .Sum(x => Math.Pow(x.First - (x.Second * Draws), 2) / (x.Second * Draws));
        Assert.True(distance < 24.3, $"chi-square {distance}");
    }
}
