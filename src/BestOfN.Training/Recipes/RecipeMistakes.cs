using System.Globalization;
using BestOfN.Data.Worlds;
using BestOfN.Training.Loops;
using BestOfN.Training.Pocket.Vocabulary;

namespace BestOfN.Training.Recipes;

/// <summary>What makes no sense in the recipe of a pocket model, each mistake with its field: told before anything is trained.</summary>
internal static class RecipeMistakes
{
    public static IReadOnlyList<string> Of(GeneratorRecipe recipe) =>
    [
        .. Of(recipe.Worlds, "worlds", recipe.Vision),
        .. Of(recipe.Model),
        .. Of(recipe.Vision),
        .. Of(recipe.Training, "training"),
        .. AtLeast(SentencePieceVocabulary.MinimumSize, "vocabulary_size", recipe.VocabularySize),
        .. AtLeast(1, "held_out_problems", recipe.HeldOutProblems),
        .. Output(recipe.Output),
    ];

    public static IReadOnlyList<string> Of(PocketRewardRecipe recipe) =>
    [
        .. Of(recipe.Worlds, "worlds", recipe.Vision),
        .. recipe.CurriculumPhase is { Steps: > 0 } lesson ? Of(lesson.Worlds, "curriculum_phase.worlds", recipe.Vision) : [],
        .. Directory.Exists(recipe.GeneratorFolder) ? (string[])[] : [$"generator: there is no folder {recipe.Generator}"],
        .. Of(recipe.Model),
        .. Of(recipe.Vision),
        .. Of(recipe.Flaws, "flaws"),
        .. Of(recipe.Training, "training"),
        .. AtLeast(SentencePieceVocabulary.MinimumSize, "vocabulary_size", recipe.VocabularySize),
        .. AtLeast(2, "guesses_per_problem", recipe.GuessesPerProblem),
        .. AtLeast(1, "pairs.problems", recipe.Pairs.Problems),
        .. AtLeast(2, "pairs.answers_per_problem", recipe.Pairs.AnswersPerProblem),
        .. AtLeast(1, "pairs.held_out_problems", recipe.Pairs.HeldOutProblems),
        .. Output(recipe.Output),
    ];

    private static IEnumerable<string> Of(IReadOnlyList<string> worlds, string field, VisionShape? vision)
    {
        if (worlds.Count == 0)
        {
            yield return $"{field}: expected the name of a world, found none";
        }

        foreach (var world in worlds.Distinct())
        {
            var wrong = "";
            try
            {
                _ = new WorldMixture([world]);
            }
            catch (ArgumentException e)
            {
                wrong = e.Message;
            }

            if (wrong.Length > 0)
            {
                yield return $"{field}: {wrong.Split(" (Parameter", 2)[0].TrimEnd('.')}";
            }
            else if (vision is null && !world.StartsWith(PocketWorlds.Text, StringComparison.Ordinal))
            {
                yield return $"{field}: {world} shows pictures; expected vision, found none";
            }
        }
    }

    private static IEnumerable<string> Of(DecoderShape model)
    {
        (string Field, int Value)[] sizes =
        [
            ("hidden_size", model.HiddenSize), ("intermediate_size", model.IntermediateSize), ("num_hidden_layers", model.NumHiddenLayers),
            ("num_attention_heads", model.NumAttentionHeads), ("num_key_value_heads", model.NumKeyValueHeads), ("max_position_embeddings", model.MaxPositionEmbeddings),
        ];
        var wrong = sizes.SelectMany(s => AtLeast(1, $"model.{s.Field}", s.Value)).ToArray();
        return wrong.Length > 0 ? wrong
            : model.HiddenSize % (2 * model.NumAttentionHeads) != 0
                ? [$"model.hidden_size: expected a multiple of twice num_attention_heads, {2 * model.NumAttentionHeads}, found {model.HiddenSize}"]
            : model.NumAttentionHeads % model.NumKeyValueHeads != 0
                ? [$"model.num_attention_heads: expected a multiple of num_key_value_heads, {model.NumKeyValueHeads}, found {model.NumAttentionHeads}"]
            : [];
    }

    private static IEnumerable<string> Of(VisionShape? vision)
    {
        if (vision is null)
        {
            return [];
        }

        (string Field, int Value)[] sizes =
        [
            ("hidden_size", vision.HiddenSize), ("intermediate_size", vision.IntermediateSize), ("num_hidden_layers", vision.NumHiddenLayers),
            ("num_attention_heads", vision.NumAttentionHeads), ("image_size", vision.ImageSize), ("patch_size", vision.PatchSize),
            ("hd_num", vision.HdNum), ("plora_r", vision.PloraR),
        ];
        var wrong = sizes.SelectMany(s => AtLeast(1, $"vision.{s.Field}", s.Value)).ToArray();
        return wrong.Length > 0 ? wrong
            : vision.HiddenSize % vision.NumAttentionHeads != 0
                ? [$"vision.hidden_size: expected a multiple of num_attention_heads, {vision.NumAttentionHeads}, found {vision.HiddenSize}"]
            : vision.ImageSize % (2 * vision.PatchSize) != 0
                ? [$"vision.image_size: expected a multiple of twice patch_size, {2 * vision.PatchSize}, found {vision.ImageSize}"]
            : [];
    }

    private static IEnumerable<string> Of(Schedule schedule, string field) =>
    [
        .. AtLeast(1, $"{field}.steps", schedule.Steps),
        .. AtLeast(1, $"{field}.batch", schedule.Batch),
        .. AtLeast(0, $"{field}.warmup_steps", schedule.WarmupSteps),
        .. AtLeast(1, $"{field}.checkpoint_every", schedule.CheckpointEvery),
        .. schedule.LearningRate is > 0 and < 10 ? (string[])[] : [FormattableString.Invariant($"{field}.learning_rate: expected a number above 0, found {schedule.LearningRate}")],
        .. schedule.Beta2 is > 0 and < 1 ? (string[])[] : [FormattableString.Invariant($"{field}.beta2: expected a number between 0 and 1, found {schedule.Beta2}")],
        .. schedule.GradientNorm > 0 ? (string[])[] : [FormattableString.Invariant($"{field}.gradient_norm: expected a number above 0, found {schedule.GradientNorm}")],
    ];

    // Shipped models lie beside the program; a training never writes there.
    private static IEnumerable<string> Output(string output)
    {
        if (string.IsNullOrWhiteSpace(output))
        {
            yield return "output: expected a folder";
        }
        else if (File.Exists(output))
        {
            yield return $"output: {output} is a file; expected a folder";
        }
        else if (Path.GetFullPath(output).StartsWith(AppContext.BaseDirectory, StringComparison.Ordinal))
        {
            yield return $"output: {output} lies within the program's own folder";
        }
    }

    private static IEnumerable<string> AtLeast(int minimum, string field, int value) =>
        value >= minimum ? [] : [string.Create(CultureInfo.InvariantCulture, $"{field}: expected at least {minimum}, found {value}")];
}
