using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using BestOfN.Inputs.Files;

namespace BestOfN.Data.Cleaning;

/// <summary>Instruction data in one or several files, read in passes from the first record to the last.</summary>
/// <remarks>Records are numbered over all files. Not thread-safe.</remarks>
public sealed class Corpus
{
    private const int LargestList = 64 << 20;

    private string? _fingerprint;

    private Corpus(IReadOnlyList<CorpusPart> parts, IReadOnlyList<CorpusListing> listings, CleaningOptions options) =>
        (Parts, Listings, Options) = (parts, listings, options);

    internal IReadOnlyList<CorpusPart> Parts { get; }

    /// <summary>Files that list others, and are written anew beside what is kept.</summary>
    internal IReadOnlyList<CorpusListing> Listings { get; }

    /// <summary>How its records are read.</summary>
    public CleaningOptions Options { get; }

    /// <summary>Reads only so many records, from the first on.</summary>
    public int? Limit { get; private init; }

    /// <summary>The files, for messages.</summary>
    public string Description => Parts.Count == 1 ? Parts[0].Path : $"{Parts[0].Path} and {Parts.Count - 1} more";

    /// <param name="inputs">Files of records, or files that list such: InternVL's meta JSON, or lines <c>PATH THOUSANDS</c> of a
    /// .txt file.</param>
    /// <param name="options">How records are read.</param>
    /// <exception cref="InvalidDataException">A list is not as expected, or two outputs would have one name. The message names the
    /// file.</exception>
    /// <exception cref="IOException">A file is missing.</exception>
    public static Corpus Open(IReadOnlyList<string> inputs, CleaningOptions options)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(options);
        var (parts, listings) = (new List<CorpusPart>(), new List<CorpusListing>());
        foreach (var input in inputs.Select(Path.GetFullPath))
        {
            if (Path.GetExtension(input) == ".txt")
            {
                var listing = new FileListCorpusListing(Path.GetFileName(input),
                    Encoding.UTF8.GetBytes(RegularFile.ReadAllText(input, LargestList)));
                listings.Add(listing);
                parts.AddRange(listing.Open(input, options));
            }
            else if (MetaCorpusListing.Read(input, LargestList) is { } meta)
            {
                listings.Add(meta);
                parts.AddRange(meta.Open(input, options));
            }
            else
            {
                parts.Add(Part(input, Path.GetFileName(input), null, options.ImageRoot, options));
            }
        }

        var twice = parts.GroupBy(part => part.Name, StringComparer.Ordinal).FirstOrDefault(name => name.Count() > 1);
        return twice is null ? new(parts, listings, options)
            : throw new InvalidDataException($"{twice.First().Path} and {twice.Last().Path} would have outputs of one name, {twice.Key}");
    }

    /// <summary>The same, of which only so many records are read.</summary>
    public Corpus First(int? records) => new(Parts, Listings, Options) { Limit = records };

    /// <summary>How many records there are.</summary>
    public int Count(CancellationToken cancellationToken) => Read().TakeWhile(_ => !cancellationToken.IsCancellationRequested).Count();

    /// <summary>All records in order.</summary>
    internal IEnumerable<(CorpusPart Part, CorpusPiece Piece)> Read()
    {
        var all = Parts.SelectMany(part => part.File.Read().Select(piece => (part, piece)));
        return Limit is { } limit ? all.Take(limit) : all;
    }

    /// <summary>Changes where a file or an option that decides the checks does.</summary>
    public string Fingerprint => _fingerprint ??= Digest();

    private string Digest()
    {
        var text = new StringBuilder(JsonSerializer.Serialize(Options with
        {
            Rule = "", Z = 0, Percentile = 0, Absolute = 0, MaxDrop = 0, Shrink = 0, SigmaFloor = 0, MinSource = 0, MinJudged = 0,
            DropUnscored = false, Grounding = 0, Plant = 0, Seed = 0, Turns = "",
        })).Append(Limit);
        foreach (var part in Parts)
        {
            var file = new FileInfo(part.Path);
            text.Append('\n').Append(part.Name).Append(' ').Append(file.Length).Append(' ').Append(file.LastWriteTimeUtc.Ticks);
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    internal static CorpusPart Part(string path, string name, string? source, string imageRoot, CleaningOptions options)
    {
        RegularFile.Check(path);
        ICorpusFile file = Path.GetExtension(path) switch
        {
            ".tar" => new TarCorpusFile(path),
            ".parquet" => new ParquetCorpusFile(path),
            _ => new JsonCorpusFile(path),
        };
        return new(path, name, source, file, new ImageFiles(Path.Combine(Path.GetDirectoryName(path)!, imageRoot)));
    }
}
