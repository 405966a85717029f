using System.Text.Json;
using BestOfN.Data.Benchmarks;
using BestOfN.Testing;

namespace BestOfN.Data.Tests.Benchmarks;

/// <summary>The figures of an independent implementation, on which the published functions agree.</summary>
public sealed class GoldenScoresTests
{
    [Theory]
    [InlineData("rewardbench", "rewardbench-a")]
    [InlineData("rewardbench", "rewardbench-b")]
    [InlineData("rewardbench2", "rewardbench2-a")]
    [InlineData("rewardbench2", "rewardbench2-b")]
    [InlineData("rm-bench", "rm-bench-a")]
    [InlineData("rm-bench", "rm-bench-b")]
    [InlineData("vl-rewardbench", "vl-rewardbench-a")]
    [InlineData("vl-rewardbench", "vl-rewardbench-b")]
    [InlineData("vl-rewardbench", "vl-rewardbench-votes-a")]
    [InlineData("vl-rewardbench", "vl-rewardbench-votes-b")]
    [InlineData("multimodal-rewardbench", "multimodal-rewardbench-a")]
    [InlineData("multimodal-rewardbench", "multimodal-rewardbench-b")]
    [InlineData("judgebench", "judgebench-a")]
    [InlineData("judgebench", "judgebench-b")]
    public async Task Every_figure_agrees_with_the_published_code(string benchmark, string set)
    {
        var folder = $"evaluators/{set}";
        var rows = await BenchmarkFile.ReadAsync(
            [Path.Combine(GoldenFiles.Folder(folder), "scores.jsonl")], TestContext.Current.CancellationToken);
        var result = BenchmarkList.All.Single(b => b.Name == benchmark).Measure(rows);
        SameFigures.AssertHolds(GoldenFiles.Read(folder, "expected.json"), JsonSerializer.SerializeToElement(result.Metrics));
    }

    [Fact]
    public void A_constant_reward_model_wins_nothing_but_its_share_of_a_tie()
    {
        var pair = Row("""{"id": 1, "subset": "hep-go", "score_chosen": 2.5, "score_rejected": 2.5}""");
        Assert.Equal(0, new RewardBench().Measure([pair]).Metrics["score"]!.GetValue<double>());
        var four = Row("""{"id": "1", "subset": "Math", "num_correct": 1, "total_completions": 4, "scores": [2.5, 2.5, 2.5, 2.5]}""");
        Assert.Equal(0.25, new RewardBench2().Measure([four]).Metrics["score"]!.GetValue<double>());
    }

    [Fact]
    public void A_row_without_a_score_loses_and_makes_a_small_result_incomplete()
    {
        var result = new JudgeBench().Measure([Row("""{"pair_id": "1", "source": "mmlu-pro-law", "label": "A>B", "score_A": 3}""")]);
        Assert.Equal((1, false), (result.Unscored, result.IsComplete(1)));
        Assert.Equal(0, result.Metrics["overall"]!["correct"]!.GetValue<int>());
        Assert.True(result.IsComplete(100));
    }

    [Fact]
    public void Scores_are_compared_as_float32()
    {
        var result = new JudgeBench()
            .Measure([Row("""{"pair_id": "1", "source": "mmlu-pro-law", "label": "A>B", "score_A": 1.00000001, "score_B": 1}""")]);
        Assert.Equal(1, result.Ties);
    }

    [Fact]
    public void A_wrong_row_is_named_with_its_field()
    {
        var e = Assert.Throws<InvalidDataException>(
            () => new RmBench()
                .Measure([Row("""{"id": 1, "domain": "poetry", "score_chosen": [1, 2, 3], "score_rejected": [1, 2, 3]}""")]));
        Assert.StartsWith("scores.jsonl, row 7: domain: expected chat, code", e.Message, StringComparison.Ordinal);
        e = Assert.Throws<InvalidDataException>(() => new RewardBench().Measure([Row("""{"id": 1}""")]));
        Assert.Equal("scores.jsonl, row 7: subset is missing", e.Message);
    }

    private static BenchmarkRow Row(string json) => new(JsonElement.Parse(json), "scores.jsonl", 7);
}
