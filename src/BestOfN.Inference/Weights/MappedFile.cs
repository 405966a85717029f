using System.IO.MemoryMappedFiles;
using BestOfN.Inputs.Files;

namespace BestOfN.Inference.Weights;

/// <summary>A file mapped for reading; every access is checked against its length.</summary>
/// <remarks>Replace the file by renaming, never by writing into it: a file cut off while it is mapped ends the process.</remarks>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _data;

    private MappedFile(string path, long length, MemoryMappedFile file, MemoryMappedViewAccessor view, byte* data)
    {
        (Path, Length, _file, _view) = (path, length, file, view);
        _data = data;
    }

    public string Path { get; }

    public long Length { get; }

    /// <exception cref="CheckpointException">The file is missing, shorter than <paramref name="smallest"/> bytes, or cannot be
    /// mapped.</exception>
    public static MappedFile Open(string path, int smallest)
    {
        MemoryMappedFile? file = null;
        MemoryMappedViewAccessor? view = null;
        try
        {
            using var stream = RegularFile.Open(path);
            var length = stream.Length;
            if (length <= GitLfsPointer.LongestPointer)
            {
                var start = new byte[length];
                stream.ReadExactly(start);
                CheckpointException.ThrowIfPointer(path, start);
            }

            if (length < smallest)
            {
                throw new CheckpointException($"{path}: expected at least {smallest} bytes, found {length}.");
            }

            file = MemoryMappedFile.CreateFromFile(
                stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            view = file.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
            byte* data = null;
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref data);
            return new MappedFile(path, length, file, view, data + view.PointerOffset);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CheckpointException($"{path}: the file does not exist.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            view?.Dispose();
            file?.Dispose();
            throw new CheckpointException($"{path}: cannot be mapped: {e.Message}", e);
        }
    }

    /// <summary>Bytes of the file, valid until <see cref="Dispose"/>.</summary>
    /// <exception cref="CheckpointException">They are not all in the file.</exception>
    public ReadOnlySpan<byte> Read(long offset, int count)
    {
        Check(offset, count);
        return new(_data + offset, count);
    }

    /// <summary>Address of a stretch of the file, valid until <see cref="Dispose"/>.</summary>
    /// <exception cref="CheckpointException">It is not all in the file.</exception>
    public nint Address(long offset, long count)
    {
        Check(offset, count);
        return (nint)(_data + offset);
    }

    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    private void Check(long offset, long count)
    {
        if (offset < 0 || count < 0 || count > Length || offset > Length - count)
        {
            throw new CheckpointException($"{Path}: expected {count} bytes at byte {offset}, found a file of {Length}.");
        }
    }
}
