using BestOfN.Models.Generation;
using BestOfN.Models.Networks;
using BestOfN.Models.Templates;
using BestOfN.Models.Tokenizers;
using BestOfN.Training.Optimization;
using BestOfN.Training.Recipes;
using BestOfN.Training.Vocabulary;
using BestOfN.Training.Worlds;
using static TorchSharp.torch;

namespace BestOfN.Training.Policies;

/// <summary>Trains the pocket generator: a vocabulary, then next-token prediction of right answers, from nothing.</summary>
public static class GeneratorTraining
{
    private const string Architecture = "InternLM2ForCausalLM";
    private const int VocabularySample = 4_000;

    /// <param name="recipe">What to train.</param>
    /// <param name="stateFolder">Where checkpoints lie; a training that was stopped goes on from there.</param>
    /// <param name="progress">Told after every step.</param>
    /// <param name="cancellationToken">Stops after the step under way.</param>
    /// <returns>Losses and what was measured at each checkpoint.</returns>
    public static TrainingHistory Run(
        GeneratorRecipe recipe, string stateFolder, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        var world = new PocketTextWorld();
        SentencePieceVocabulary.Learn(
            Enumerable.Range(0, VocabularySample).Select(i => world.Draw(recipe.Seed, i, Split.Training)), recipe.VocabularySize).Write(stateFolder);
        var tokenizer = TokenizerFiles.Load(stateFolder);
        var answers = new AnswerFormat(tokenizer, ChatTemplate.Load(stateFolder, Architecture, tokenizer));

        using var random = new Generator(recipe.Seed, CPU);
        var configuration = recipe.Model.ToConfiguration(tokenizer.VocabularySize);
        var decoder = FreshWeights.Decoder(configuration, random);
        var head = FreshWeights.Matrix(configuration.VocabularySize, configuration.HiddenSize, 1 / Math.Sqrt(configuration.HiddenSize), random);
        using var model = new LanguageModel(decoder, head) { Architecture = Architecture };
        var parameters = decoder.Parameters.Append(new("output.weight", head)).ToArray();

        var batch = recipe.Training.Batch;
        var history = new TrainingLoop("generator", recipe.Training, parameters, stateFolder).Run(
            RecipeFile.Fingerprint(recipe),
            step => LanguageModelling.Loss(
                decoder,
                head,
                [.. Enumerable.Range(0, batch).Select(i => world.Draw(recipe.Seed, ((long)step * batch) + i, Split.Training))
                    .Select(problem => (answers.Prompt(problem), answers.Answer(problem.Solution)))]),
            () => new Dictionary<string, double> { ["greedy"] = Greedy(model, answers, world, recipe) },
            progress,
            cancellationToken);

        ModelFolder.Write(recipe.Output, stateFolder, Architecture, configuration, answers.ConfigTokens, parameters);
        return history;
    }

    // The share of held-out problems that the most likely answer solves.
    private static double Greedy(LanguageModel model, AnswerFormat answers, PocketTextWorld world, GeneratorRecipe recipe)
    {
        var problems = Enumerable.Range(0, recipe.HeldOutProblems).Select(i => world.Draw(recipe.Seed, i, Split.HeldOut)).ToArray();
        var drawn = BulkSampler.Sample(
            model, [.. problems.Select(answers.Prompt)], 1, TokenSampling.Greedy, 0, AnswerFormat.LongestAnswer, endTokenIds: answers.EndTokens);
        return problems.Select((p, i) => p.IsCorrect(answers.Text(drawn[i][0])) ? 1.0 : 0.0).Average();
    }
}
