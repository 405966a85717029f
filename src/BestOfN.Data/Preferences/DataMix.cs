using BestOfN.Data.Sampling;

namespace BestOfN.Data.Preferences;

/// <summary>An endless, seeded order of pairs: after a fixed number of pairs with images comes one without.</summary>
/// <remarks>
/// Within either kind all sets are one shuffled deck that is gone through again and again, so that every set is drawn in proportion to its
/// size. The pair at a position depends on the position and the seed alone. Not thread-safe.
/// </remarks>
internal sealed class DataMix(PreferenceData data, int picturesPerText, ulong seed)
{
    private readonly ShuffledSampler _withPictures = new(data.WithPictures.Count, seed);
    private readonly ShuffledSampler _textOnly = new(data.TextOnly.Count, seed + 1);

    /// <summary>The pair with that number, counted from 0.</summary>
    public PreferencePair this[long number]
    {
        get
        {
            if (data.TextOnly.Count == 0)
            {
                return Draw(data.WithPictures, _withPictures, number);
            }

            if (data.WithPictures.Count == 0)
            {
                return Draw(data.TextOnly, _textOnly, number);
            }

            var (round, place) = Math.DivRem(number, picturesPerText + 1);
            return place < picturesPerText
                ? Draw(data.WithPictures, _withPictures, (round * picturesPerText) + place)
                : Draw(data.TextOnly, _textOnly, round);
        }
    }

    private static PreferencePair Draw(IReadOnlyList<PreferencePair> pairs, ShuffledSampler order, long number) =>
        pairs[order.Batch(checked((int)number), 1).First()];
}
