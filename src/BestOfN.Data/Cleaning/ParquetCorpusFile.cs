namespace BestOfN.Data.Cleaning;
internal sealed class ParquetCorpusFile(string path) : ICorpusFile
{
    public IEnumerable<CorpusPiece> Read() => throw new InvalidDataException($"{path}: Parquet files are not read");
    public IRecordWriter Write(Stream output) => throw new InvalidDataException($"{path}: Parquet files are not read");
}
