namespace BestOfN.Inputs.Tokenizers;

/// <summary>One entry of a SentencePiece vocabulary; its id is its place.</summary>
internal sealed record SentencePiece(string Text, float Score, SentencePieceKind Kind);
