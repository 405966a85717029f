using System.Text.Json;
using BestOfN.Data.Benchmarks;
using BestOfN.Testing;

namespace BestOfN.Data.Tests.Benchmarks;

/// <summary>Scores that the authors of IXC-2.5-Reward released, and the figures that follow from them.</summary>
public sealed class ReleasedScoresTests
{
    [Fact]
    public void RM_Bench_gives_the_official_and_the_flat_figures()
    {
        var rows = Released("rm_bench_scores.json").EnumerateArray().Select((scores, i) => Row(
            $$"""{"id": {{i}}, "domain": "{{Domain(i)}}", """
                + $$""" "score_chosen": [{{List(scores, 0)}}], "score_rejected": [{{List(scores, 3)}}]}""", i)).ToArray();
        var metrics = JsonSerializer.SerializeToElement(new RmBench().Measure(rows).Metrics);

        SameFigures.AssertHolds(GoldenFiles.Read("evaluators/released-rm-bench", "expected.json").GetProperty("expected"), metrics);
        var (released, flat) = (Released("expected_metrics.json").GetProperty("rm_bench"), metrics.GetProperty("flat"));
        SameFigures.AssertHolds(released.GetProperty("accuracy_matrix"), flat.GetProperty("matrix"));
        Assert.All(["hard", "normal", "easy", "average"],
            name => SameFigures.AssertHolds(released.GetProperty(name), flat.GetProperty(name)));

        static string Domain(int row) =>
            row < 129 ? "chat" : row < 357 ? "code" : row < 886 ? "math" : row < 1170 ? "safety-refuse" : "safety-response";

        static string List(JsonElement scores, int from) =>
            string.Join(", ", Enumerable.Range(from, 3).Select(i => scores[i].GetRawText()));
    }

    [Fact]
    public void VL_RewardBench_gives_the_figures_of_the_outcomes()
    {
        var outcomes = Released("vl_rewardbench_outcomes.json");
        var rows = new (string Group, string Id)[] { ("general", "wildvision-"), ("hallucination", "RLAIF-V-"), ("reasoning", "mmmu_") }
            .SelectMany(
                g => outcomes.GetProperty(g.Group).EnumerateArray().Select((right, i) => (Id: g.Id + i, IsRight: right.GetInt32() == 1)))
            .Select((r, i) => Row($$"""{"id": "{{r.Id}}", "scores": [{{(r.IsRight ? "1, 0" : "0, 1")}}], "human_ranking": [0, 1]}""",
                i)).ToArray();
        var metrics = JsonSerializer.SerializeToElement(new VlRewardBench().Measure(rows).Metrics);

        var expected = Released("expected_metrics.json").GetProperty("vl_rewardbench");
        Assert.All(["overall", "macro"], name => SameFigures.AssertHolds(expected.GetProperty(name), metrics.GetProperty(name)));
        Assert.All(["general", "hallucination", "reasoning"], name =>
        {
            var group = metrics.GetProperty("groups").GetProperty(name);
            SameFigures.AssertHolds(expected.GetProperty(name), group.GetProperty("accuracy"));
            SameFigures.AssertHolds(expected.GetProperty("counts").GetProperty(name), group.GetProperty("n"));
        });
    }

    private static BenchmarkRow Row(string json, int index) => new(JsonElement.Parse(json), "scores.jsonl", index + 1);

    private static JsonElement Released(string name)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var file = Path.Combine(folder.FullName, "shared", "data", "ixc-2.5-reward-released-scores", name);
            if (File.Exists(file))
            {
                return JsonElement.Parse(File.ReadAllBytes(file));
            }
        }

        Assert.Skip($"shared/data/ixc-2.5-reward-released-scores/{name} is third-party data and not here");
        return default;
    }
}
