namespace BestOfN.Models.Tokenizers;

/// <summary>As numbered in SentencePiece's schema.</summary>
internal enum SentencePieceType
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    SingleByte = 6,
}
