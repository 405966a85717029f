namespace BestOfN.Core.Prompts;

/// <summary>A picture that the sender attached.</summary>
/// <param name="Content">The encoded file (PNG, JPEG, WebP, GIF or BMP), as it was sent; nothing about it was checked.</param>
public sealed record ImagePart(ReadOnlyMemory<byte> Content) : ContentPart;
