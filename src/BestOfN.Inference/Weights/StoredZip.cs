using System.Buffers.Binary;
using System.Text;
using BestOfN.Inputs.Files;

namespace BestOfN.Inference.Weights;

/// <summary>The directory of a ZIP archive whose entries are stored, not compressed, so that they can be read where they lie.</summary>
/// <remarks>
/// Format: PKWARE APPNOTE 6.3, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, with ZIP64 (4.3.14, 4.3.15, 4.5.3). Sizes
/// are those of the central directory: a local header with a data descriptor has none. Checksums are not computed.
/// </remarks>
internal static class StoredZip
{
    public const int SmallestArchive = EndLength;

    private const int EndLength = 22;
    private const int Zip64LocatorLength = 20;
    private const int Zip64EndLength = 56;
    private const int CentralLength = 46;
    private const int LocalLength = 30;
    private const int LargestDirectory = 128 << 20;

    /// <returns>Entries by name. None overlaps another or the directory.</returns>
    /// <exception cref="CheckpointException">Not such an archive, or one that contradicts itself.</exception>
    public static Dictionary<string, StoredZipEntry> Read(MappedFile file)
    {
        var (count, start, length) = FindDirectory(file);
        var directory = file.Read(start, length);
        var entries = new Dictionary<string, StoredZipEntry>();
        var headers = new List<(long Header, long End, string Name)>();
        for (var i = 0L; i < count; i++)
        {
            if (directory.Length < CentralLength || U32(directory, 0) != 0x02014b50)
            {
                throw Broken(file, $"directory entry {i}: expected a header, found none");
            }

            int nameLength = U16(directory, 28), extraLength = U16(directory, 30), commentLength = U16(directory, 32);
            var whole = CentralLength + nameLength + extraLength + commentLength;
            if (directory.Length < whole)
            {
                throw Broken(file, $"directory entry {i}: expected {whole} bytes, found {directory.Length}");
            }

            var nameBytes = directory.Slice(CentralLength, nameLength);
            var name = Encoding.UTF8.GetString(nameBytes);
            var (size, header) = SizeAndHeader(file, name, directory, directory.Slice(CentralLength + nameLength, extraLength));
            var data = DataStart(file, name, nameBytes, header);
            if (size > start - data)
            {
                throw Broken(file, $"entry {name}: {size} bytes from byte {data} on run into the directory at byte {start}");
            }

            if (!entries.TryAdd(name, new StoredZipEntry(name, data, size)))
            {
                throw Broken(file, $"entry {name} is there twice");
            }

            headers.Add((header, data + size, name));
            directory = directory[whole..];
        }

        if (!directory.IsEmpty)
        {
            throw Broken(file, $"the directory claims {count} entries, found {directory.Length} bytes behind them");
        }

        CheckNoOverlap(file, headers);
        return entries;
    }

    private static (long Count, long Start, int Length) FindDirectory(MappedFile file)
    {
        var tailLength = (int)Math.Min(file.Length, EndLength + ushort.MaxValue);
        var tail = file.Read(file.Length - tailLength, tailLength);
        var at = tailLength - EndLength;
        while (at >= 0 && !(U32(tail, at) == 0x06054b50 && U16(tail, at + 20) == tailLength - at - EndLength))
        {
            at--;
        }

        if (at < 0)
        {
            throw Broken(file,
                "expected a ZIP archive, as torch.save writes it since PyTorch 1.6, found no end of its directory; the file is cut off or "
                + "of another format");
        }

        var end = tail.Slice(at, EndLength);
        var endPosition = file.Length - tailLength + at;
        var (disk, directoryDisk, here, count) = ((uint)U16(end, 4), (uint)U16(end, 6), (ulong)U16(end, 8), (ulong)U16(end, 10));
        var (length, start) = ((ulong)U32(end, 12), (ulong)U32(end, 16));
        var limit = endPosition;
        if (endPosition >= Zip64LocatorLength && file.Read(endPosition - Zip64LocatorLength, Zip64LocatorLength) is var locator
            && U32(locator, 0) == 0x07064b50)
        {
            var position = U64(locator, 8);
            if (position > (ulong)Math.Max(0, endPosition - Zip64LocatorLength - Zip64EndLength))
            {
                throw Broken(file, $"ZIP64: expected the end of the directory before byte {endPosition}, found {position}");
            }

            var wide = file.Read((long)position, Zip64EndLength);
            if (U32(wide, 0) != 0x06064b50)
            {
                throw Broken(file, $"ZIP64: expected the end of the directory at byte {position}, found something else");
            }

            (disk, directoryDisk, here, count) = (U32(wide, 16), U32(wide, 20), U64(wide, 24), U64(wide, 32));
            (length, start) = (U64(wide, 40), U64(wide, 48));
            limit = (long)position;
        }

        if (disk != 0 || directoryDisk != 0 || here != count)
        {
            throw Broken(file, "expected one archive, found a part of several");
        }

        if (length > LargestDirectory || count > length / CentralLength)
        {
            throw Broken(file, $"the directory claims {count} entries in {length} bytes; at most {LargestDirectory} bytes are read");
        }

        if (start > (ulong)limit || length > (ulong)limit - start)
        {
            throw Broken(
                file, $"the directory claims {length} bytes from byte {start} on, which lie outside the {limit} bytes before its end");
        }

        return ((long)count, (long)start, (int)length);
    }

    private static (long Size, long Header) SizeAndHeader(
        MappedFile file, string name, ReadOnlySpan<byte> central, ReadOnlySpan<byte> extra)
    {
        if ((U16(central, 8) & 1) != 0)
        {
            throw Broken(file, $"entry {name}: expected plain bytes, found them encrypted");
        }

        if (U16(central, 10) is var method and not 0)
        {
            throw Broken(file, $"entry {name}: expected stored bytes (method 0), found compressed ones (method {method})");
        }

        ulong compressed = U32(central, 20), size = U32(central, 24), header = U32(central, 42);
        uint disk = U16(central, 34);
        if (size == uint.MaxValue || compressed == uint.MaxValue || header == uint.MaxValue || disk == ushort.MaxValue)
        {
            var wide = Zip64Field(file, name, extra);
            Widen(ref size, uint.MaxValue, ref wide);
            Widen(ref compressed, uint.MaxValue, ref wide);
            Widen(ref header, uint.MaxValue, ref wide);
            disk = disk != ushort.MaxValue ? disk : wide.Length >= 4 ? U32(wide, 0) : throw TooShort();
        }

        if (disk != 0)
        {
            throw Broken(file, "expected one archive, found a part of several");
        }

        if (size != compressed || size > (ulong)file.Length || header > (ulong)file.Length)
        {
            throw Broken(file,
                $"entry {name}: {size} bytes, stored as {compressed}, with a header at byte {header}, are impossible in a file of "
                + $"{file.Length} bytes");
        }

        return ((long)size, (long)header);

        void Widen(ref ulong value, ulong mark, ref ReadOnlySpan<byte> wide)
        {
            if (value == mark)
            {
                value = wide.Length >= 8 ? U64(wide, 0) : throw TooShort();
                wide = wide[8..];
            }
        }

        CheckpointException TooShort() => Broken(file, $"entry {name}: the ZIP64 field lacks a number");
    }

    private static ReadOnlySpan<byte> Zip64Field(MappedFile file, string name, ReadOnlySpan<byte> extra)
    {
        while (extra.Length >= 4)
        {
            int id = U16(extra, 0), length = U16(extra, 2);
            if (length > extra.Length - 4)
            {
                break;
            }

            if (id == 1)
            {
                return extra.Slice(4, length);
            }

            extra = extra[(4 + length)..];
        }

        throw Broken(file, $"entry {name}: expected a ZIP64 field, found none");
    }

    private static long DataStart(MappedFile file, string name, ReadOnlySpan<byte> nameBytes, long header)
    {
        var local = file.Read(header, LocalLength);
        if (U32(local, 0) != 0x04034b50)
        {
            throw Broken(file, $"entry {name}: expected its header at byte {header}, found something else");
        }

        if (U16(local, 8) != 0)
        {
            throw Broken(
                file, $"entry {name}: expected stored bytes (method 0), found compressed ones (method {U16(local, 8)}) in its own header");
        }

        int nameLength = U16(local, 26), extraLength = U16(local, 28);
        if (!file.Read(header + LocalLength, nameLength).SequenceEqual(nameBytes))
        {
            throw Broken(file, $"entry {name}: its own header at byte {header} says another name");
        }

        return header + LocalLength + nameLength + extraLength;
    }

    private static void CheckNoOverlap(MappedFile file, List<(long Header, long End, string Name)> entries)
    {
        entries.Sort();
        for (var i = 1; i < entries.Count; i++)
        {
            if (entries[i].Header < entries[i - 1].End)
            {
                throw Broken(file,
                    $"entry {entries[i].Name} at byte {entries[i].Header} overlaps {entries[i - 1].Name}, which ends at byte "
                    + $"{entries[i - 1].End}");
            }
        }
    }

    private static ushort U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static ulong U64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);

    private static CheckpointException Broken(MappedFile file, string what) => new($"{file.Path}: {Printable.Text(what)}.");
}
