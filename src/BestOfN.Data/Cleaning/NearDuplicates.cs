using System.Numerics;
using BestOfN.Data.Sampling;
using BestOfN.Inputs.Images;

namespace BestOfN.Data.Cleaning;

/// <summary>Finds records whose words are nearly those of an earlier record and whose images look like its images.</summary>
/// <remarks>
/// Words: MinHash (Broder 1997) of all five words in a row, 8 bands of 8 values, so that about half of the records with 0.77 of their
/// sequences in common are found. Images: 64 signs of brightness differences between neighbours at 9 × 8 pixels, of which at most 4 may
/// differ. Takes about 150 bytes per record.
/// </remarks>
internal sealed class NearDuplicates
{
    private const int Bands = 8;
    private const int Rows = 8;
    private const int Words = 5;
    private const int MostDifferentSigns = 4;
    private const int Columns = 9, Lines = 8;

    private readonly Dictionary<ulong, int>[] _bands = [.. Enumerable.Range(0, Bands).Select(_ => new Dictionary<ulong, int>())];
    private readonly Dictionary<int, ulong[]> _images = [];

    /// <returns>An earlier record that is nearly the same; null: none, and this one is remembered.</returns>
    public int? Find(CorpusRecord record, IReadOnlyList<Image> images, int number)
    {
        var signs = images.Select(Signs).ToArray();
        var bands = BandsOf(record);
        foreach (var (band, value) in bands.Index())
        {
            if (_bands[band].TryGetValue(value, out var other) && Look(signs, _images.GetValueOrDefault(other) ?? []))
            {
                return other;
            }
        }

        foreach (var (band, value) in bands.Index())
        {
            _bands[band].TryAdd(value, number);
        }

        if (signs.Length > 0)
        {
            _images.Add(number, signs);
        }

        return null;
    }

    private static bool Look(ulong[] one, ulong[] other) => one.Length == other.Length
        && one.Zip(other).All(pair => BitOperations.PopCount(pair.First ^ pair.Second) <= MostDifferentSigns);

    private static ulong[] BandsOf(CorpusRecord record)
    {
        Span<ulong> least = stackalloc ulong[Bands * Rows];
        least.Fill(ulong.MaxValue);
        var words = record.Turns.SelectMany(turn =>
            turn.Text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Prepend(turn.Role))
            .Select(Digest).ToArray();
        for (var i = 0; i == 0 || i + Words <= words.Length; i++)
        {
            var sequence = 0UL;
            foreach (var word in words.AsSpan(i, Math.Min(Words, words.Length - i)))
            {
                sequence = SplitMix64.Mix(sequence + word);
            }

            for (var row = 0; row < least.Length; row++)
            {
                least[row] = Math.Min(least[row], SplitMix64.Mix(sequence ^ SplitMix64.Mix((ulong)row + 1)));
            }
        }

        var bands = new ulong[Bands];
        for (var row = 0; row < least.Length; row++)
        {
            bands[row / Rows] = SplitMix64.Mix(bands[row / Rows] + least[row]);
        }

        return bands;
    }

    private static ulong Digest(string word)
    {
        var digest = 0UL;
        foreach (var c in word)
        {
            digest = SplitMix64.Mix(digest + c + 1);
        }

        return digest;
    }

    private static ulong Signs(Image image)
    {
        Span<int> brightness = stackalloc int[Columns * Lines];
        for (var line = 0; line < Lines; line++)
        {
            for (var column = 0; column < Columns; column++)
            {
                brightness[(line * Columns) + column] = Brightness(
                    image, image.Width * column / Columns, image.Height * line / Lines,
                    Math.Max(1, image.Width / Columns), Math.Max(1, image.Height / Lines));
            }
        }

        var signs = 0UL;
        for (var line = 0; line < Lines; line++)
        {
            for (var column = 0; column + 1 < Columns; column++)
            {
                var at = (line * Columns) + column;
                signs = (signs << 1) | (brightness[at] < brightness[at + 1] ? 1UL : 0);
            }
        }

        return signs;
    }

    // The mean over a field, times a constant.
    private static int Brightness(Image image, int left, int top, int width, int height)
    {
        const int Scale = 16;
        var pixels = image.Pixels.Span;
        var sum = 0L;
        for (var y = top; y < Math.Min(top + height, image.Height); y++)
        {
            foreach (var value in pixels.Slice(((y * image.Width) + left) * 3, Math.Min(width, image.Width - left) * 3))
            {
                sum += value;
            }
        }

        return (int)(sum * Scale / (3L * width * height));
    }
}
