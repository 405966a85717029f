using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using BestOfN.Inference.Weights;
using BestOfN.Inputs.Files;
using static TorchSharp.torch;

namespace BestOfN.Inference.Folders;

/// <summary>Rewrites a model folder with its tensors in safetensors files; a small piece of one tensor at a time is in memory.</summary>
/// <remarks>The new folder appears whole or not at all: it is written beside its place and moved there at the end.</remarks>
public sealed class CheckpointConversion : IDisposable
{
    // What a loader or a reader of the folder needs besides weights; no program code.
    private static readonly string[] CopiedFiles = ["*.json", "*.model", "*.jinja", "*.txt", "*.md", "*.ttf", "LICENSE*"];

    /// <summary>As large as the largest tokenizer file that is read.</summary>
    internal const int MaxCopiedBytes = 256 << 20;

    private readonly Checkpoint _checkpoint;
    private readonly ScalarType? _type;
    private readonly List<List<SafetensorsItem>> _shards = [[]];

    private CheckpointConversion(Checkpoint checkpoint, ScalarType? type) => (_checkpoint, _type) = (checkpoint, type);

    /// <summary>Bytes of tensors that will be written.</summary>
    public long Length { get; private set; }

    /// <summary>Tensors that will be written.</summary>
    public int Tensors => _shards.Sum(s => s.Count);

    /// <summary>Files that they are written to.</summary>
    public int Files => _shards.Count;

    /// <summary>Numbers that became 0 because they are too small for the new type; known when the folder is written.</summary>
    public long Vanished { get; private set; }

    /// <param name="folder">A model folder in the published layout.</param>
    /// <param name="type">What floating-point tensors become; null: what they are. Others stay as they are.</param>
    /// <param name="shardLength">Most bytes of tensors per file; a larger tensor has a file of its own.</param>
    /// <exception cref="CheckpointException">The folder's weights cannot be read.</exception>
    public static CheckpointConversion Open(string folder, ScalarType? type, long shardLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(shardLength, 1);
        var conversion = new CheckpointConversion(Checkpoint.Open(folder), type);
        long filled = 0;
        foreach (var entry in conversion._checkpoint.Files.SelectMany(f => f.Tensors.Values.OrderBy(t => t.Offset))
            .Where(conversion.IsUsed))
        {
            if (entry.UnreadType is not null)
            {
                conversion.Dispose();
                throw new CheckpointException($"{folder}: tensor {entry.Name}: {entry.UnreadType} is not read, so it can not be written.");
            }

            var item = new SafetensorsItem(
                entry.Name, type is not null && ElementTypes.IsFloatingPoint(entry.Type) ? type.Value : entry.Type, entry.Shape);
            if (filled > 0 && filled + item.Length > shardLength)
            {
                conversion._shards.Add([]);
                filled = 0;
            }

            conversion._shards[^1].Add(item);
            filled += item.Length;
            conversion.Length += item.Length;
        }

        return conversion;
    }

    /// <summary>Writes the new folder.</summary>
    /// <param name="output">A folder that does not exist or is empty.</param>
    /// <param name="progress">Receives the bytes of tensors written so far.</param>
    /// <param name="cancellationToken">Ends the conversion; nothing stays.</param>
    /// <exception cref="CheckpointException">The output is not empty, or the model's own folder.</exception>
    public void Write(string output, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        output = Path.TrimEndingDirectorySeparator(Path.GetFullPath(output));
        if (File.Exists(output) || (Directory.Exists(output) && Directory.EnumerateFileSystemEntries(output).Any()))
        {
            throw new CheckpointException($"{output}: expected a folder that does not exist or is empty.");
        }

        if (WholeFolder.PartOf(output) is var part && Path.Exists(part))
        {
            throw new CheckpointException($"{part}: left by a conversion that was broken off, or still running; remove it.");
        }

        var others = FilesToCopy(_checkpoint.Folder);
        WholeFolder.Write(output, folder =>
        {
            WriteTensors(folder, progress, cancellationToken);
            CopyOthers(others, folder);
        });
    }

    public void Dispose() => _checkpoint.Dispose();

    /// <summary>What a new folder takes over besides weights.</summary>
    /// <exception cref="CheckpointException">A file is a link out of the folder, or no regular file. Links of a Hugging Face cache stay
    /// within it.</exception>
    internal static IReadOnlyList<string> FilesToCopy(string folder)
    {
        string[] files = [.. CopiedFiles.SelectMany(pattern => Directory.EnumerateFiles(folder, pattern)).Distinct()
            .Where(path => !path.EndsWith(Checkpoint.IndexSuffix, StringComparison.Ordinal))];
        var home = RegularFile.RealPath(folder);
        // models--OWNER--NAME/snapshots/REVISION/config.json leads to models--OWNER--NAME/blobs/HASH.
        var blobs = Path.GetFileName(Path.GetDirectoryName(home)) == "snapshots"
            ? Path.GetFullPath(Path.Combine(home, "..", "..", "blobs"))
            : home;
        foreach (var path in files)
        {
            try
            {
                RegularFile.Check(path);
                var target = RegularFile.RealPath(path);
                if (!IsIn(target, home) && !IsIn(target, blobs))
                {
                    throw new CheckpointException(
                        $"{path}: is a link to {target}, out of the model's folder; put the file itself into the folder, or "
                        + "remove the link.");
                }
            }
            catch (IOException e)
            {
                throw new CheckpointException($"{path}: cannot be copied: {e.Message}", e);
            }
        }

        return files;

        static bool IsIn(string path, string folder) => path.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);
    }

    // A shard may hold a tensor that the index does not put there.
    private bool IsUsed(TensorEntry entry) => _checkpoint.Find(entry.Name) is { } used && ReferenceEquals(used, entry);

    private void WriteTensors(string folder, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var written = new Total(progress);
        var map = new JsonObject();
        for (var i = 0; i < _shards.Count; i++)
        {
            var name = _shards.Count == 1
                ? Checkpoint.Safetensors
                : string.Create(CultureInfo.InvariantCulture, $"model-{i + 1:00000}-of-{_shards.Count:00000}.safetensors");
            Vanished += SafetensorsWriter.Write(
                Path.Combine(folder, name), _shards[i], item => _checkpoint.Map(item.Name), _checkpoint.Folder, written,
                cancellationToken: cancellationToken);
            foreach (var item in _shards[i])
            {
                map[item.Name] = name;
            }
        }

        if (_shards.Count > 1)
        {
            WriteJson(
                Path.Combine(folder, Checkpoint.Safetensors + Checkpoint.IndexSuffix),
                new JsonObject { ["metadata"] = new JsonObject { ["total_size"] = Length }, ["weight_map"] = map });
        }
    }

    private void CopyOthers(IEnumerable<string> files, string folder)
    {
        foreach (var path in files)
        {
            var name = Path.GetFileName(path);
            var copy = Path.Combine(folder, name);
            if (name == "config.json" && _type is not null && WithType(path) is { } changed)
            {
                WriteJson(copy, changed);
            }
            else
            {
                // Not File.Copy, which would keep a read-only mode.
                File.WriteAllBytes(copy, RegularFile.ReadAllBytes(path, MaxCopiedBytes));
            }
        }
    }

    /// <summary>The configuration with the new type of its weights; null where it does not tell one.</summary>
    private JsonObject? WithType(string path)
    {
        try
        {
            if (JsonNode.Parse(RegularFile.ReadAllBytes(path, MaxCopiedBytes)) is JsonObject root
                && (string[])["torch_dtype", "dtype"] is var fields && Array.Exists(fields, root.ContainsKey))
            {
                foreach (var field in fields.Where(root.ContainsKey))
                {
                    root[field] = _type!.Value.ToString().ToLowerInvariant();
                }

                return root;
            }
        }
        catch (JsonException)
        {
            // Weights can be converted whatever the configuration is; it stays as it was.
        }

        return null;
    }

    private static void WriteJson(string path, JsonObject root)
    {
        using var stream = File.Create(path);
        using var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
        root.WriteTo(writer);
    }

    private sealed class Total(IProgress<long>? progress) : IProgress<long>
    {
        private long _bytes;

        public void Report(long value) => progress?.Report(_bytes += value);
    }
}
