namespace BestOfN.Data.Cleaning;
internal sealed class TarCorpusFile(string path) : ICorpusFile
{
    public IEnumerable<CorpusPiece> Read() => throw new InvalidDataException($"{path}: tar files are not read");
    public IRecordWriter Write(Stream output) => throw new InvalidDataException($"{path}: tar files are not read");
}
