using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;

namespace BestOfN.Data.Preferences;

/// <summary>The pairs of some data sets that pass the filters, those with pictures and those without.</summary>
/// <param name="WithPictures">In the order of files and records.</param>
/// <param name="TextOnly">Pairs without pictures, in the same order.</param>
/// <param name="Dropped">Number of dropped pairs by reason.</param>
internal sealed record PreferenceData(
    IReadOnlyList<PreferencePair> WithPictures, IReadOnlyList<PreferencePair> TextOnly, IReadOnlyDictionary<string, int> Dropped)
{
    public long Count => (long)WithPictures.Count + TextOnly.Count;

    /// <summary>Hash of the pairs: their texts and the paths of their images.</summary>
    public string Digest()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var pair in WithPictures.Concat(TextOnly))
        {
            hash.AppendData(JsonSerializer.SerializeToUtf8Bytes(new
            {
                pair.Id,
                Chosen = pair.Chosen.Select(m => new { m.Role, m.Text }),
                Rejected = pair.Rejected.Select(m => new { m.Role, m.Text }),
                pair.Pictures,
            }));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <exception cref="PreferenceDataException">A file is not in the format, or nothing passes the filters.</exception>
    public static PreferenceData Load(IReadOnlyList<DataSource> sources, PairFilters filters, CancellationToken cancellationToken)
    {
        var (withPictures, textOnly, dropped) = (new List<PreferencePair>(), new List<PreferencePair>(),
            new SortedDictionary<string, int>(StringComparer.Ordinal));
        foreach (var pair in sources.SelectMany(s => PreferenceFile.Read(s, filters.Strip)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (filters.ReasonToDrop(pair) is { } reason)
            {
                dropped[reason] = dropped.GetValueOrDefault(reason) + 1;
                continue;
            }

            (pair.Pictures.Count > 0 ? withPictures : textOnly).Add(pair);
        }

        return withPictures.Count + textOnly.Count > 0
            ? new PreferenceData(withPictures, textOnly, dropped)
            : throw new PreferenceDataException(
                $"{string.Join(", ", sources.Select(s => s.Path))}: expected pairs to learn from, found none"
                + $"{string.Concat(dropped.Select(d => string.Create(CultureInfo.InvariantCulture, $"; {d.Value} dropped: {d.Key}")))}.");
    }
}
