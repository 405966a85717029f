namespace BestOfN.Core.Prompts;

/// <summary>A video that the sender attached.</summary>
/// <param name="Content">The encoded file (MP4, WebM, MOV, Matroska or GIF), as it was sent; nothing about it was checked.</param>
public sealed record VideoPart(ReadOnlyMemory<byte> Content) : ContentPart;
