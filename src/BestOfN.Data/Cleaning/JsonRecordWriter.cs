namespace BestOfN.Data.Cleaning;

/// <summary>Writes some records of a file so that the rest of its bytes stays as it was.</summary>
/// <param name="file">Where the records come from; read to its end before <see cref="Finish"/>.</param>
/// <param name="output">Where they go.</param>
internal sealed class JsonRecordWriter(JsonCorpusFile file, Stream output) : IRecordWriter
{
    private bool _hasAny;

    /// <summary>Every record but the first of an array brings the separator that stood before it; a line brings the blank lines before
    /// it.</summary>
    public void Write(CorpusPiece piece)
    {
        if (!_hasAny)
        {
            output.Write(file.Prefix);
        }

        if (_hasAny || !file.IsArray)
        {
            output.Write(piece.Before.Span);
        }

        output.Write(piece.Content.Span);
        _hasAny = true;
    }

    public void Finish()
    {
        if (!_hasAny && file.IsArray)
        {
            output.Write("[]"u8);
            output.Write(file.Suffix.AsSpan(file.Suffix.AsSpan().IndexOf((byte)']') + 1));
            return;
        }

        if (!_hasAny)
        {
            output.Write(file.Prefix);
        }

        output.Write(file.Suffix);
    }
}
