using BestOfN.Core.Prompts;

namespace BestOfN.Models.Prompts;

/// <summary>A picture in its place within a message, known to the engine: its vectors have ids.</summary>
internal sealed record PicturePart(StoredPicture Picture) : ContentPart;
