using System.Buffers.Binary;
using System.Text;

namespace BestOfN.Inference.Tests.Weights;

/// <summary>Writes archives as torch.save does, and archives that lie, byte by byte.</summary>
internal sealed class TorchArchive
{
    private readonly List<(string Name, byte[] Data)> _entries = [];

    /// <summary>Sizes and positions go into ZIP64 records, as in an archive of more than 4 GB; the plain fields say 0xFFFFFFFF.</summary>
    public bool Zip64 { get; init; }

    /// <summary>As torch.save writes: sizes are in the directory and behind the data only.</summary>
    public bool DataDescriptors { get; init; } = true;

    public ushort Method { get; init; }

    public ushort Flags { get; init; }

    public string Folder { get; init; } = "archive";

    /// <summary>Changes a finished header of the directory; the second argument is the entry's name.</summary>
    public Action<byte[], string>? ChangeDirectoryHeader { get; init; }

    /// <summary>Changes the number of entries that the end of the directory claims.</summary>
    public Func<int, ulong>? ChangeCount { get; init; }

    public TorchArchive Add(string name, byte[] data)
    {
        _entries.Add(($"{Folder}/{name}", data));
        return this;
    }

    public byte[] ToArray()
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        var directory = new List<byte[]>();
        foreach (var (name, data) in _entries)
        {
            directory.Add(WriteEntry(writer, name, data));
        }

        var start = stream.Position;
        directory.ForEach(writer.Write);
        WriteEnd(writer, start, stream.Position - start, ChangeCount?.Invoke(directory.Count) ?? (ulong)directory.Count);
        writer.Flush();
        return stream.ToArray();
    }

    private byte[] WriteEntry(BinaryWriter writer, string name, byte[] data)
    {
        var header = writer.BaseStream.Position;
        var flags = (ushort)(Flags | (DataDescriptors ? 8 : 0));
        var nameBytes = Encoding.UTF8.GetBytes(name);
        var shown = DataDescriptors ? 0u : (uint)data.Length;
        writer.Write(0x04034b50u);
        writer.Write((ushort)20);
        writer.Write(flags);
        writer.Write(Method);
        writer.Write(0u);                                  // time and date
        writer.Write(0u);                                  // checksum
        writer.Write(shown);
        writer.Write(shown);
        writer.Write((ushort)nameBytes.Length);
        writer.Write((ushort)8);
        writer.Write(nameBytes);
        writer.Write("FB\x04\0ZZZZ"u8);                    // padding, as torch.save aligns
        writer.Write(data);
        if (DataDescriptors)
        {
            writer.Write(0x08074b50u);
            writer.Write(0u);
            writer.Write(data.Length);
            writer.Write(data.Length);
        }

        using var central = new MemoryStream();
        using var directory = new BinaryWriter(central);
        directory.Write(0x02014b50u);
        directory.Write((ushort)45);
        directory.Write((ushort)45);
        directory.Write(flags);
        directory.Write(Method);
        directory.Write(0u);
        directory.Write(0u);
        directory.Write(Zip64 ? uint.MaxValue : (uint)data.Length);
        directory.Write(Zip64 ? uint.MaxValue : (uint)data.Length);
        directory.Write((ushort)nameBytes.Length);
        directory.Write((ushort)(Zip64 ? 4 + 28 : 0));
        directory.Write((ushort)0);
        directory.Write((ushort)0);                        // disk
        directory.Write((ushort)0);
        directory.Write(0u);
        directory.Write(Zip64 ? uint.MaxValue : (uint)header);
        directory.Write(nameBytes);
        if (Zip64)
        {
            directory.Write((ushort)1);
            directory.Write((ushort)28);
            directory.Write((long)data.Length);
            directory.Write((long)data.Length);
            directory.Write(header);
            directory.Write(0u);
        }

        directory.Flush();
        var bytes = central.ToArray();
        ChangeDirectoryHeader?.Invoke(bytes, name);
        return bytes;
    }

    private void WriteEnd(BinaryWriter writer, long start, long length, ulong count)
    {
        var position = writer.BaseStream.Position;
        if (Zip64)
        {
            writer.Write(0x06064b50u);
            writer.Write(44UL);
            writer.Write((ushort)45);
            writer.Write((ushort)45);
            writer.Write(0u);
            writer.Write(0u);
            writer.Write(count);
            writer.Write(count);
            writer.Write(length);
            writer.Write(start);
            writer.Write(0x07064b50u);
            writer.Write(0u);
            writer.Write(position);
            writer.Write(1u);
        }

        writer.Write(0x06054b50u);
        writer.Write(0u);
        writer.Write(Zip64 ? ushort.MaxValue : (ushort)count);
        writer.Write(Zip64 ? ushort.MaxValue : (ushort)count);
        writer.Write(Zip64 ? uint.MaxValue : (uint)length);
        writer.Write(Zip64 ? uint.MaxValue : (uint)start);
        writer.Write((ushort)0);
    }

    /// <summary>Little-endian bytes of float32 values.</summary>
    public static byte[] Floats(params float[] values)
    {
        var bytes = new byte[4 * values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(4 * i), values[i]);
        }

        return bytes;
    }
}
