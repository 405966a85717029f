namespace BestOfN.Training.Tests;

internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("bestofn-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
