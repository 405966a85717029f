namespace BestOfN.Gateway.Selection.Attachments;

internal enum AttachmentKind
{
    Picture,
    Video,
}
