using BestOfN.Core.Prompts;
using BestOfN.Data.Preferences;
using BestOfN.Data.Sampling;
using BestOfN.Inputs.Files;
using BestOfN.Inputs.Images;

namespace BestOfN.Training.Policy;

/// <summary>The prompts of preference data: each conversation up to the answer that is compared.</summary>
/// <remarks>A prompt has at most one image, which the model reads in front of the text; records with more are refused by name.</remarks>
internal sealed class DataPrompts : IPromptSource
{
    private readonly PreferencePair[] _training;
    private readonly PreferencePair[] _heldOut;
    private readonly ShuffledSampler _order;

    /// <exception cref="PreferenceDataException">A file is not in the format, or a record has several images.</exception>
    public DataPrompts(
        IReadOnlyList<DataSource> training, IReadOnlyList<DataSource> heldOut, ulong seed, CancellationToken cancellationToken)
    {
        var (learned, measured) = (Load(training, cancellationToken), Load(heldOut, cancellationToken));
        (_training, _heldOut) = ([.. learned.WithPictures, .. learned.TextOnly], [.. measured.WithPictures, .. measured.TextOnly]);
        _order = new ShuffledSampler(_training.Length, seed);
        Digest = learned.Digest() + measured.Digest();
    }

    public string Digest { get; }

    public IReadOnlyList<PolicyPrompt> Draw(int step, int count) => [.. _order.Batch(step, count).Select(i => Of(_training[i]))];

    public IReadOnlyList<(string Name, IReadOnlyList<PolicyPrompt> Prompts)> HeldOut(int count) =>
        [("held_out", [.. _heldOut.Take(count).Select(Of)])];

    private static PreferenceData Load(IReadOnlyList<DataSource> sources, CancellationToken cancellationToken)
    {
        var data = PreferenceData.Load(sources, new PairFilters(), cancellationToken);
        return data.WithPictures.FirstOrDefault(p => p.Pictures.Count > 1) is { } several
            ? throw new PreferenceDataException(
                $"pair {several.Id}: has {several.Pictures.Count} images; a policy is trained on prompts with one at most.")
            : data;
    }

    private static PolicyPrompt Of(PreferencePair pair)
    {
        ChatMessage[] messages =
        [
            .. pair.Chosen.SkipLast(1).Select(m => m with
            {
                Parts = [new TextPart(m.Text.Replace(PreferenceFile.Placeholder, "", StringComparison.Ordinal))],
            }),
        ];
        if (pair.Pictures is not [var path])
        {
            return new PolicyPrompt(new Prompt(messages), messages, null, null);
        }

        var bytes = RegularFile.ReadAllBytes(path, ImageLimits.Default.Bytes);
        var first = Array.FindIndex(messages, m => m.Role == "user");
        ChatMessage[] shown = [.. messages.Select((m, i) => i != first ? m : m with { Parts = [new ImagePart(bytes), .. m.Parts] })];
        return new PolicyPrompt(new Prompt(shown), messages, (most, side) => HighDefinitionTiling.Apply(
            ImageDecoder.Decode(bytes, ImageLimits.Default, CancellationToken.None), most, side, TilingVariant.Inference,
            CancellationToken.None), null);
    }
}
