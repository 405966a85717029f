namespace BestOfN.Inputs.Tokenizers;

/// <summary>A stretch of text on its way to becoming a token: a link of a doubly linked list kept in an array.</summary>
internal struct Symbol
{
    public int Start;
    public int Length; // 0 once merged into its left neighbour
    public int Id;     // -1 where the vocabulary has no such token
    public int Previous;
    public int Next;   // -1 at the end
    public bool Frozen;
}
