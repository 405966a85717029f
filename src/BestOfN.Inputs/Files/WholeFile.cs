namespace BestOfN.Inputs.Files;

/// <summary>A file that grows beside its place, as <c>.partial</c>, and appears there when it is whole.</summary>
internal sealed class WholeFile : IDisposable
{
    private readonly string _path;
    private readonly FileStream _stream;

    public WholeFile(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        (_path, _stream) = (path, new FileStream(path + ".partial", FileMode.Create, FileAccess.Write));
    }

    public Stream Stream => _stream;

    public void Finish()
    {
        _stream.Flush(flushToDisk: true);
        _stream.Dispose();
        File.Move(_path + ".partial", _path, overwrite: true);
    }

    public void Dispose() => _stream.Dispose();
}
