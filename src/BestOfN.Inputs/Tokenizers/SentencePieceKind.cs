namespace BestOfN.Inputs.Tokenizers;

/// <summary>Kinds of pieces, numbered as in the model file.</summary>
internal enum SentencePieceKind
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}
