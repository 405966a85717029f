using System.Text.Json;
using BestOfN.Inputs.Files;
using TorchSharp;
using static TorchSharp.torch;

namespace BestOfN.Inference.Weights;

/// <summary>
/// The tensors of a model folder in the published layout: safetensors or torch.save archives, one file or shards with an index.
/// </summary>
/// <remarks>Not thread-safe. Owns the mappings: keep it alive as long as any tensor taken from it.</remarks>
public sealed class Checkpoint : IDisposable
{
    internal const string Safetensors = "model.safetensors";
    internal const string TorchArchive = "pytorch_model.bin";
    internal const string IndexSuffix = ".index.json";

    private const int MaxIndexBytes = 64 << 20;

    // The first that is there is taken.
    private static readonly (string Name, Func<string, IWeightFile> Open)[] s_formats =
        [(Safetensors, SafetensorsFile.Open), (TorchArchive, TorchArchiveFile.Open)];

    private readonly List<IWeightFile> _files = [];
    private readonly Dictionary<string, (IWeightFile File, TensorEntry Entry)> _tensors = [];

    private readonly HashSet<string> _taken = [];
    private readonly CheckpointAudit? _audit;

    private Checkpoint(string folder, CheckpointAudit? audit) => (Folder, _audit) = (folder, audit);

    public string Folder { get; }

    /// <summary>The files with tensors: one, or the shards that the index names.</summary>
    public IReadOnlyList<IWeightFile> Files => _files;

    /// <summary>All tensors by the checkpoint's names.</summary>
    public IEnumerable<TensorEntry> Entries => _tensors.Values.Select(t => t.Entry);

    /// <exception cref="CheckpointException">A file is missing, truncated, malformed, or lacks a tensor that the index puts
    /// there.</exception>
    public static Checkpoint Open(string folder) => Open(folder, null);

    /// <summary>
    /// Opens a folder to learn what a network would take from it: tensors have shapes and no contents, and what is amiss goes to the audit.
    /// </summary>
    /// <exception cref="CheckpointException">As from <see cref="Open(string)"/>.</exception>
    internal static Checkpoint Open(string folder, CheckpointAudit? audit)
    {
        if (!Directory.Exists(folder))
        {
            throw new CheckpointException($"{folder}: the folder does not exist.");
        }

        var adapter = Path.Combine(folder, "adapter_config.json");
        if (File.Exists(adapter))
        {
            throw new CheckpointException($"{adapter}: an adapter is not applied to the weights; merge it into them and remove the file.");
        }

        var checkpoint = new Checkpoint(folder, audit);
        try
        {
            foreach (var (name, open) in s_formats)
            {
                var single = Path.Combine(folder, name);
                if (File.Exists(single))
                {
                    checkpoint.AddFile(single, open);
                    return checkpoint;
                }

                if (File.Exists(single + IndexSuffix))
                {
                    checkpoint.AddShards(single + IndexSuffix, open);
                    return checkpoint;
                }
            }

            throw new CheckpointException(
                $"{folder}: expected {string.Join(" or ", s_formats.SelectMany(f => new[] { f.Name, f.Name + IndexSuffix }))}, found "
                + "none of them.");
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    public bool Contains(string name) => _tensors.ContainsKey(name);

    /// <summary>The stored shape, or null where the tensor is absent.</summary>
    public IReadOnlyList<long>? ShapeOf(string name) => _tensors.TryGetValue(name, out var found) ? found.Entry.Shape : null;

    /// <summary>A tensor in the type and on the device wanted; on the CPU and in the stored type it is a view of the mapping.</summary>
    /// <param name="name">The checkpoint's name.</param>
    /// <param name="shape">What the network needs.</param>
    /// <param name="type">float32, bfloat16 or float16.</param>
    /// <param name="device">Where the network runs.</param>
    /// <exception cref="CheckpointException">Absent, of another shape, or not a floating-point tensor.</exception>
    public Tensor Take(string name, ReadOnlySpan<long> shape, ScalarType type, Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var mismatch = Mismatch(name, shape);
        _taken.Add(name);
        if (_audit is not null)
        {
            _audit.Add(name, mismatch);
            return empty(shape.ToArray(), type, META);
        }

        if (mismatch is not null)
        {
            throw new CheckpointException(mismatch);
        }

        var (file, entry) = _tensors[name];
        if (entry.Type == type && entry.Strides is null && device.type == DeviceType.CPU)
        {
            return file.Map(entry);
        }

        using var scope = NewDisposeScope();
        using var mapped = file.Map(entry);
        return mapped.contiguous().to(type, device).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Refuses layers, or parts of layers, that nobody took: the network that was trained is another than the one that was put together.
    /// </summary>
    /// <exception cref="CheckpointException">A tensor of a layer was not taken; the message names it.</exception>
    internal void RefuseUnreadLayers()
    {
        // Frequencies that old versions stored, masks, and branches of InternLM-XComposer2 for other tasks.
        static bool IsSpare(string name) =>
            name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal) || name.EndsWith(".masked_bias", StringComparison.Ordinal)
            || name.Contains(".lora_sft_", StringComparison.Ordinal) || name.Contains(".lora_dpo_", StringComparison.Ordinal)
                || name.Contains(".lora_web_", StringComparison.Ordinal);

        var unread = _tensors.Keys.Where(n => n.StartsWith("model.layers.", StringComparison.Ordinal) && !_taken.Contains(n) && !IsSpare(n))
            .Order(StringComparer.Ordinal).FirstOrDefault();
        if (unread is null)
        {
            return;
        }

        var message = $"{_tensors[unread].File.Path}: tensor {Printable.Text(unread)}: the configuration describes a network without it; "
            + "the scores would be of another network.";
        if (_audit is null)
        {
            throw new CheckpointException(message);
        }

        _audit.Add(unread, message);
    }

    /// <summary>A view of a tensor in the mapping, in its stored type and layout, on the CPU.</summary>
    internal Tensor Map(string name) => _tensors[name].File.Map(_tensors[name].Entry);

    /// <summary>Where a tensor lies, or null where it is absent.</summary>
    internal TensorEntry? Find(string name) => _tensors.TryGetValue(name, out var found) ? found.Entry : null;

    public void Dispose()
    {
        foreach (var file in _files)
        {
            file.Dispose();
        }

        _files.Clear();
        _tensors.Clear();
    }

    private string? Mismatch(string name, ReadOnlySpan<long> shape)
    {
        if (!_tensors.TryGetValue(name, out var found))
        {
            return $"{Folder}: tensor {Printable.Text(name)}: expected shape [{Join(shape)}], found no such tensor.";
        }

        var (file, entry) = found;
        return !shape.SequenceEqual(entry.Shape.ToArray())
            ? $"{file.Path}: tensor {Printable.Text(name)}: expected shape [{Join(shape)}], found [{string.Join(", ", entry.Shape)}]."
            : entry.UnreadType is null && ElementTypes.IsFloatingPoint(entry.Type) ? null
            : $"{file.Path}: tensor {Printable.Text(name)}: expected dtype F64, F32, BF16 or F16, found {Printable.Text(entry.TypeName)}.";
    }

    private IWeightFile Add(string path, Func<string, IWeightFile> open)
    {
        var file = open(path);
        _files.Add(file);
        return file;
    }

    private void AddFile(string path, Func<string, IWeightFile> open)
    {
        var file = Add(path, open);
        foreach (var entry in file.Tensors.Values)
        {
            _tensors.Add(entry.Name, (file, entry));
        }
    }

    private void AddShards(string index, Func<string, IWeightFile> open)
    {
        Dictionary<string, string> map;
        try
        {
            var bytes = RegularFile.ReadAllBytes(index, MaxIndexBytes);
            CheckpointException.ThrowIfPointer(index, bytes);
            using var document = JsonDocument.Parse(bytes);
            map = document.RootElement.GetProperty("weight_map").EnumerateObject()
                .ToDictionary(p => p.Name, p => p.Value.GetString() ?? "");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or ArgumentException
            or IOException)
        {
            throw new CheckpointException($"{index}: not an index of shards: {e.Message}", e);
        }

        foreach (var shard in map.GroupBy(p => p.Value))
        {
            if (shard.Key.Length == 0 || shard.Key.Contains('\0', StringComparison.Ordinal) || Path.GetFileName(shard.Key) != shard.Key)
            {
                throw new CheckpointException(
                    $"{index}: shard \"{Printable.Text(shard.Key)}\": expected the name of a file in the same folder.");
            }

            var file = Add(Path.Combine(Folder, shard.Key), open);
            foreach (var (name, _) in shard)
            {
                if (!file.Tensors.TryGetValue(name, out var entry))
                {
                    throw new CheckpointException(
                        $"{file.Path}: tensor {Printable.Text(name)}: the index puts it here, found no such tensor.");
                }

                _tensors.Add(name, (file, entry));
            }
        }
    }

    private static string Join(ReadOnlySpan<long> shape) => string.Join(", ", shape.ToArray());
}
