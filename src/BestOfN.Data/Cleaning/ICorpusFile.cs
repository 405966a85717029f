namespace BestOfN.Data.Cleaning;

/// <summary>A file of records.</summary>
internal interface ICorpusFile
{
    /// <summary>All records in order, in one pass.</summary>
    /// <exception cref="InvalidDataException">The file is not as expected. The message names it.</exception>
    IEnumerable<CorpusPiece> Read();

    /// <summary>Writes some of the records that are read at the same time.</summary>
    IRecordWriter Write(Stream output);
}
