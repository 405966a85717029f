#pragma warning disable IDE0011, IDE0040
using BestOfN.Models.Generation;
using BestOfN.Models.Networks;
using BestOfN.Models.Templates;
using BestOfN.Models.Tokenizers;
using BestOfN.Training.Optimization;
using BestOfN.Training.Policies;
using BestOfN.Training.Recipes;
using BestOfN.Training.Rewards;
using BestOfN.Training.Worlds;
using TorchSharp;

if (args[0] == "probe")
{
    var tok = TokenizerFiles.Load(args[1]);
    var template = ChatTemplate.Load(args[1], "InternLM2ForCausalLM", tok);
    using var model = LanguageModel.Load(args[1], torch.ScalarType.Float32, torch.CPU);
    var world = new PocketTextWorld();
    var problems = Enumerable.Range(0, 300).Select(i => world.Draw(77, i, Split.HeldOut)).ToArray();
    var prompts = problems.Select(p => template.Encode(p.ToPrompt().Messages, true)).ToArray();
    var clock = System.Diagnostics.Stopwatch.StartNew();
    var ends = new[] { tok.SpecialTokens["<|im_end|>"] };
    var greedy = BulkSampler.Sample(model, prompts, 1, TokenSampling.Greedy, 1, 40, endTokenIds: ends);
    var drawn = BulkSampler.Sample(model, prompts, 16, new TokenSampling(), 1, 40, endTokenIds: ends);
    Console.WriteLine($"{clock.Elapsed.TotalSeconds:F1}s for {300 * 17} answers, prompt tokens {prompts.Average(p => p.Count):F1}");
    foreach (var family in problems.GroupBy(p => p.Family).Append(problems.GroupBy(p => p.Family, p => p).First()).Take(3))
    {
        var idx = Enumerable.Range(0, 300).Where(i => problems[i].Family == family.Key).ToArray();
        bool Ok(int i, BulkSample a) => problems[i].IsCorrect(tok.Decode(a.Ids));
        Console.WriteLine($"{family.Key} n={idx.Length} greedy {idx.Average(i => Ok(i, greedy[i][0]) ? 1.0 : 0):F3} pass@1 {idx.Average(i => drawn[i].Average(a => Ok(i, a) ? 1.0 : 0)):F3} pass@16 {idx.Average(i => drawn[i].Any(a => Ok(i, a)) ? 1.0 : 0):F3}  majority {idx.Average(i => Ok(i, drawn[i].GroupBy(a => tok.Decode(a.Ids)).OrderByDescending(g => g.Count()).First().First()) ? 1.0 : 0):F3}");
        foreach (var i in idx.Take(2)) Console.WriteLine($"   {problems[i].Question} | {string.Join(" | ", drawn[i].Take(5).Select(a => tok.Decode(a.Ids)))} || {problems[i].Solution}");
    }

    return;
}

var progress = new P();
var points = args[0] == "generator"
    ? GeneratorTraining.Run(RecipeFile.Load<GeneratorRecipe>(args[1]), args[2], progress)
    : RewardTraining.Run(RecipeFile.Load<RewardRecipe>(args[1]), args[2], progress);
foreach (var p in points) Console.WriteLine($"{p.Step} loss {p.Loss:F4} {string.Join(' ', p.HeldOut.Select(h => $"{h.Key}={h.Value:F4}"))} {p.Seconds:F0}s");

sealed class P : IProgress<TrainingProgress>
{
    private readonly System.Diagnostics.Stopwatch _clock = System.Diagnostics.Stopwatch.StartNew();
    public void Report(TrainingProgress v) { if (v.Step % 10 == 0) Console.Error.WriteLine($"{_clock.Elapsed.TotalSeconds:F0}s {v.Phase} {v.Step}/{v.Steps} {v.Loss:F4} {v.PerSecond:F0}/s"); }
}
