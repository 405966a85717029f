namespace BestOfN.Gateway.Attachments;

internal enum AttachmentKind
{
    Picture,
    Video,
}
