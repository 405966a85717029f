using System.Globalization;
using System.Text;

namespace BestOfN.Data.Cleaning;

/// <summary>InternLM-XComposer's list of training files: lines <c>PATH THOUSANDS</c>, the second how many thousand records are
/// drawn.</summary>
internal sealed class FileListCorpusListing(string name, byte[] content) : CorpusListing(name)
{
    private readonly List<(string Part, string Path, string Thousands)> _lines = [];

    public override IEnumerable<CorpusPart> Open(string path, CleaningOptions options)
    {
        var folder = System.IO.Path.GetDirectoryName(path)!;
        foreach (var (i, line) in Encoding.UTF8.GetString(content).Split('\n').Index())
        {
            string[] words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0)
            {
                continue;
            }

            if (words is not [var file, var thousands]
                || !double.TryParse(thousands, NumberStyles.Float, CultureInfo.InvariantCulture, out _))
            {
                throw new InvalidDataException($"{path}, line {i + 1}: expected PATH THOUSANDS");
            }

            var part = $"{System.IO.Path.GetFileNameWithoutExtension(Name)}/{System.IO.Path.GetFileName(file)}";
            _lines.Add((part, file, thousands));
            yield return Corpus.Part(System.IO.Path.GetFullPath(file, folder), part, null, options.ImageRoot, options);
        }
    }

    // The number drawn shrinks as the file does.
    public override byte[] Write(IReadOnlyDictionary<string, (int Records, int Kept)> counts)
    {
        var text = new StringBuilder();
        foreach (var (part, _, thousands) in _lines)
        {
            var (records, kept) = counts[part];
            var drawn = double.Parse(thousands, CultureInfo.InvariantCulture) * kept / Math.Max(1, records);
            text.Append(part).Append(' ')
                .Append(records == kept ? thousands : drawn.ToString("0.######", CultureInfo.InvariantCulture)).Append('\n');
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
