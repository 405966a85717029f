namespace BestOfN.Models.Tokenizers;

/// <summary>An entry of a SentencePiece vocabulary. A higher score merges first.</summary>
internal readonly record struct SentencePiece(string Text, float Score, SentencePieceType Type);
