using BestOfN.Core.Prompts;

namespace BestOfN.Gateway.Selection.Attachments;

/// <summary>
/// A picture or video as the client wrote it. Nothing in it has been read: where the request is only passed on, nothing ever is.
/// </summary>
/// <param name="Kind">What it says it is.</param>
/// <param name="Json">What stands under <c>image_url</c> or <c>video_url</c>, a slice of the request's body.</param>
internal sealed record AttachedPart(AttachmentKind Kind, ReadOnlyMemory<byte> Json) : ContentPart;
