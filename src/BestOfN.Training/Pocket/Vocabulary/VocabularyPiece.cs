namespace BestOfN.Training.Pocket.Vocabulary;

/// <summary>A token. Among neighbours that can merge, those that make the piece of the highest score merge first.</summary>
internal readonly record struct VocabularyPiece(string Text, float Score, VocabularyPieceType Type);
