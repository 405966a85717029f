namespace BestOfN.Inputs.Files;

/// <summary>A file that grows beside its place, as <c>.partial</c>, and appears there when it is whole.</summary>
internal sealed class WholeFile : IDisposable
{
    private readonly string _path;
    private readonly FileStream _stream;
    private bool _isFinished;

    public WholeFile(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        (_path, _stream) = (path, new FileStream(path + ".partial", FileMode.Create, FileAccess.Write, FileShare.Read, 1 << 16));
    }

    public Stream Stream => _stream;

    /// <summary>All is written. The file stays beside its place until <see cref="Finish"/>.</summary>
    public void Close()
    {
        if (_stream.CanWrite)
        {
            _stream.Flush(flushToDisk: true);
            _stream.Dispose();
        }
    }

    public void Finish()
    {
        Close();
        File.Move(_path + ".partial", _path, overwrite: true);
        _isFinished = true;
    }

    public void Dispose()
    {
        _stream.Dispose();
        if (!_isFinished)
        {
            File.Delete(_path + ".partial");
        }
    }
}
