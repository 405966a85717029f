using BestOfN.Data.Worlds;
using BestOfN.Training.Pocket.Vocabulary;

namespace BestOfN.Training.Recipes;

/// <summary>A small model that is trained from nothing on problems of some worlds.</summary>
public abstract record PocketRecipe : Recipe
{
    /// <summary>The worlds' names, drawn from in turn; naming one twice draws from it twice as often.</summary>
    /// <remarks><c>pocket-text</c>, <c>pocket-image</c>, <c>pocket-video</c>, or a family of one: <c>pocket-text/route</c>.</remarks>
    public required IReadOnlyList<string> Worlds { get; init; }

    /// <summary>Most tokens of the vocabulary that is learned first.</summary>
    public int VocabularySize { get; init; } = 512;

    public required DecoderShape Model { get; init; }

    /// <summary>The vision encoder; null for worlds of text.</summary>
    public VisionShape? Vision { get; init; }

    private protected static Schedule DefaultSchedule =>
        new() { Warmup = 100, FinalShare = 0.1, WeightDecay = 0.05, Beta2 = 0.98, CheckpointEvery = 500 };

    private protected override void Check(RecipeMistakes mistakes)
    {
        CheckWorlds(mistakes, "worlds", Worlds);
        Model.Check(mistakes, "model");
        Vision?.Check(mistakes, "vision");
        mistakes.AtLeast(SentencePieceVocabulary.MinimumSize, "vocabulary_size", VocabularySize);
    }

    private protected void CheckWorlds(RecipeMistakes mistakes, string field, IReadOnlyList<string> worlds)
    {
        mistakes.Expect(worlds.Count > 0, field, "the name of a world", "none");
        foreach (var world in worlds.Distinct())
        {
            try
            {
                _ = new WorldMixture([world]);
            }
            catch (ArgumentException e)
            {
                mistakes.Add($"{field}: {e.Message.Split(" (Parameter", 2)[0].TrimEnd('.')}");
                continue;
            }

            if (Vision is null && !world.StartsWith(PocketWorlds.Text, StringComparison.Ordinal))
            {
                mistakes.Add($"{field}: {world} shows images; expected vision, found none");
            }
        }
    }
}
