using System.Collections.Frozen;
using BestOfN.Inference.Runtime;
using BestOfN.Inputs.Files;
using static TorchSharp.torch;

namespace BestOfN.Inference.Weights;

/// <summary>A memory-mapped file that torch.save wrote: a ZIP archive of a pickled dictionary and of the storages it speaks of.</summary>
/// <remarks>
/// The pickle is read as data: nothing is executed (<see cref="StateDictionaryPickle"/>). Format:
/// https://docs.pytorch.org/docs/stable/notes/serialization.html. Tensors returned by <see cref="Map"/> lie in the mapping: they are
/// valid until <see cref="Dispose"/> and must not be written.
/// </remarks>
public sealed class TorchArchiveFile : IWeightFile
{
    private readonly MappedFile _file;

    private TorchArchiveFile(MappedFile file, FrozenDictionary<string, TensorEntry> tensors) => (_file, Tensors) = (file, tensors);

    public string Path => _file.Path;

    public IReadOnlyDictionary<string, TensorEntry> Tensors { get; }

    /// <exception cref="CheckpointException">The file is missing, truncated, malformed, or holds anything but a dictionary of
    /// tensors.</exception>
    public static TorchArchiveFile Open(string path)
    {
        var file = MappedFile.Open(path, StoredZip.SmallestArchive);
        try
        {
            return new TorchArchiveFile(file, ReadTensors(file));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public Tensor Map(TensorEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var address = _file.Address(entry.Offset, entry.Length);
        if (entry.Strides is null)
        {
            return Aten.FromBlob(address, [.. entry.Shape], entry.Type);
        }

        using var flat = Aten.FromBlob(address, [entry.Length / ElementTypes.SizeOf(entry.Type)], entry.Type);
        return flat.as_strided([.. entry.Shape], [.. entry.Strides]);
    }

    public void Dispose() => _file.Dispose();

    private static FrozenDictionary<string, TensorEntry> ReadTensors(MappedFile file)
    {
        const string Pickle = "/data.pkl";
        var entries = StoredZip.Read(file);
        var pickles = entries.Values.Where(e => e.Name.EndsWith(Pickle, StringComparison.Ordinal)).ToArray();
        if (pickles is not [var pickle])
        {
            throw new CheckpointException($"{file.Path}: expected one entry data.pkl, as torch.save writes it, found {pickles.Length}.");
        }

        var folder = pickle.Name[..^(Pickle.Length - 1)];
        if (entries.TryGetValue(folder + "byteorder", out var order)
            && !file.Read(order.Offset, (int)Math.Min(order.Length, 16)).SequenceEqual("little"u8))
        {
            throw new CheckpointException($"{file.Path}: byteorder: expected little, found another.");
        }

        var pickled = StateDictionaryPickle.Read(
            file.Read(pickle.Offset, (int)Math.Min(pickle.Length, StateDictionaryPickle.LargestPickle + 1)), file.Path);
        return pickled.Select(t => Entry(file.Path, t.Key, t.Value, entries, folder)).ToFrozenDictionary(e => e.Name);
    }

    private static TensorEntry Entry(
        string path, string name, PickledTensor tensor, Dictionary<string, StoredZipEntry> entries, string folder)
    {
        var storage = tensor.Storage;
        var size = ElementTypes.SizeOf(storage.Type);
        if (!entries.TryGetValue($"{folder}data/{storage.Key}", out var data))
        {
            throw new CheckpointException(
                $"{path}: tensor {Printable.Text(name)}: expected its storage in entry data/{Printable.Text(storage.Key)}, found no "
                + "such entry.");
        }

        if ((Int128)storage.Count * size != data.Length)
        {
            throw new CheckpointException(
                $"{path}: tensor {Printable.Text(name)}: {storage.Count} elements of {storage.Type} need {(Int128)storage.Count * size} "
                    + $"bytes, found {data.Length} in entry {Printable.Text(data.Name)}.");
        }

        return new TensorEntry(name, storage.Type, tensor.Shape, data.Offset + (tensor.Offset * size), tensor.Extent * size)
        {
            Strides = tensor.IsContiguous ? null : tensor.Strides,
        };
    }
}
