using System.Diagnostics;
using System.Text.Json;
using BestOfN.Data.Sampling;
using BestOfN.Data.Worlds;
using BestOfN.Inference.Generation;
using BestOfN.Inference.ImageCache;
using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Networks;
using BestOfN.Inputs.Decoding;
using BestOfN.Inputs.Templates;
using BestOfN.Inputs.Tokenizers;
using BestOfN.Training.Loops;
using BestOfN.Training.Recipes;
using static TorchSharp.torch;

namespace BestOfN.Training.Pocket;

/// <summary>Answers that the generator gave to training and to held-out problems, kept on disk so that an interrupted training goes
/// on.</summary>
internal sealed record AnswerPool(IReadOnlyList<PooledProblem> Training, IReadOnlyList<PooledProblem> HeldOut)
{
    private const int Chunk = 512;

    // Tokens that any answer of the worlds fits into, its end token included.
    private const int LongestAnswer = 40;

    /// <summary>Samples what the file does not hold yet; a line per problem, in order.</summary>
    public static AnswerPool SampleOrLoad(
        PocketRewardRecipe recipe, WorldMixture world, string path, IProgress<TrainingProgress>? progress,
        CancellationToken cancellationToken)
    {
        var total = recipe.Pairs.Problems + recipe.Pairs.HeldOutProblems;
        var lines = File.Exists(path) ? CompleteLines(path) : [];
        if (lines.Count < total)
        {
            using var model = NetworkLoader.LanguageModel(recipe.GeneratorFolder, ScalarType.Float32, CPU);
            var tokenizer = TokenizerFiles.Load(recipe.GeneratorFolder);
            var format = new AnswerFormat(
                tokenizer, ChatTemplate.Load(recipe.GeneratorFolder, model.Architecture, tokenizer), VisionShape.Of(model));
            var sampling = new TokenSampling { Temperature = recipe.Pairs.Temperature };
            using var file = new StreamWriter(path, append: true);
            var clock = Stopwatch.StartNew();
            var before = lines.Count;
            while (lines.Count < total)
            {
                if (cancellationToken.IsCancellationRequested)
                {
                    throw new TrainingStoppedException("sampling", lines.Count, total, cancellationToken);
                }

                var indices = Enumerable.Range(lines.Count, Math.Min(Chunk, total - lines.Count)).ToArray();
                var prompts = indices.Select(i => format.Prompt(Draw(recipe, world, i))).ToArray();
                var drawn = Sample(
                    model, prompts, recipe.Pairs.AnswersPerProblem, sampling,
                    unchecked((long)new SplitMix64(recipe.Seed, (ulong)lines.Count).Next()), cancellationToken);
                foreach (var answers in drawn)
                {
                    var line = JsonSerializer.Serialize(answers.Where(a => a.IsComplete).Select(a => tokenizer.Decode(a.Ids)).Distinct());
                    file.WriteLine(line);
                    lines.Add(line);
                }

                file.Flush();
                progress?.Report(
                    new TrainingProgress("sampling", lines.Count, total, double.NaN, (lines.Count - before) / clock.Elapsed.TotalSeconds));
            }
        }

        var problems = lines.Take(total).Select((line, i) => Read(Draw(recipe, world, i), line)).ToArray();
        return new AnswerPool(problems[..recipe.Pairs.Problems], problems[recipe.Pairs.Problems..]);
    }

    private static BulkSample[][] Sample(
        LanguageModel model, IReadOnlyList<TrainingPrompt> prompts, int answers, TokenSampling sampling, long seed,
        CancellationToken cancellationToken)
    {
        using var store = model.ImageEncoder is { } encoder
            ? new ImageStore(encoder, model.Decoder, model.Decoder.Configuration.VocabularySize, budget: 0)
            : null;
        var shown = prompts.Select(p => p.Image is { } image ? store!.Add(image) : null).ToArray();
        using (inference_mode())
        {
            store?.Encode(shown.OfType<StoredImage>());
        }

        IReadOnlyList<int> Ids(TrainingPrompt prompt, StoredImage? image) => image is null ? prompt.Ids
            : [prompt.Ids[0], .. image.Ids, .. prompt.Ids.Skip(1 + prompt.ImageTokens)];
        return BulkSampler.Sample(
            model, [.. prompts.Zip(shown, Ids)], answers, sampling, seed, LongestAnswer, images: store,
            cancellationToken: cancellationToken);
    }

    private static Problem Draw(PocketRewardRecipe recipe, WorldMixture world, int index) => index < recipe.Pairs.Problems
        ? world.Draw(recipe.Seed + 1, index, Split.Training)
        : world.Draw(recipe.Seed + 1, index - recipe.Pairs.Problems, Split.HeldOut);

    private static PooledProblem Read(Problem problem, string line) =>
        new(problem, [.. JsonSerializer.Deserialize<string[]>(line)!.Select(text => (text, problem.IsCorrect(text)))]);

    // A line that a kill cut off is dropped, here and in the file.
    private static List<string> CompleteLines(string path)
    {
        var text = File.ReadAllText(path);
        var end = text.LastIndexOf('\n') + 1;
        if (end < text.Length)
        {
            File.WriteAllText(path, text[..end]);
        }

        return [.. text[..end].Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }
}
