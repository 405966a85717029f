namespace BestOfN.Training.Pocket.Vocabulary;

/// <summary>As numbered in SentencePiece's schema.</summary>
internal enum VocabularyPieceType
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Byte = 6,
}
