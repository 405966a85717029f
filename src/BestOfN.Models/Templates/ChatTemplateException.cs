namespace BestOfN.Models.Templates;

/// <summary>A template is wrong or refuses a conversation; the message says which template, where and why.</summary>
public sealed class ChatTemplateException : Exception
{
    public ChatTemplateException(string message, Exception? innerException = null) : base(message, innerException) { }
}
