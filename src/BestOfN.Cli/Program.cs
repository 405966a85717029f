#pragma warning disable IDE0011, IDE0040
using BestOfN.Training.Optimization;
using BestOfN.Training.Policies;
using BestOfN.Training.Recipes;
using BestOfN.Training.Rewards;

var clock = System.Diagnostics.Stopwatch.StartNew();
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
