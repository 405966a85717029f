namespace BestOfN.Data.Cleaning;

/// <summary>Writes records of a tar file as they are, and two empty blocks at the end.</summary>
internal sealed class TarRecordWriter(Stream output) : IRecordWriter
{
    private const int End = 1024;

    public void Write(CorpusPiece piece) => output.Write(piece.Content.Span);

    public void Finish() => output.Write(new byte[End]);
}
