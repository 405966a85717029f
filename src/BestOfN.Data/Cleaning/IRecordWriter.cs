namespace BestOfN.Data.Cleaning;

/// <summary>Writes some records of a file in the form in which they stand in it.</summary>
internal interface IRecordWriter
{
    /// <summary>Takes a record over, in order.</summary>
    void Write(CorpusPiece piece);

    /// <summary>Ends the output. All records of the file have been read.</summary>
    void Finish();
}
