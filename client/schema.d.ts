// Generated from docs/openapi.json by scripts/client.mjs: `npm run docs` writes it anew.

/** Bytes of a file, whole or as they come. */
export type Bytes = Blob | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;

/** What a program reads of an error; docs/errors.md says what to do about each. */
export type ErrorCode =
  | 'ACCOUNT.WRONG_EMAIL'
  | 'AUTH.CROSS_SITE'
  | 'AUTH.FRESH_PIN_REQUIRED'
  | 'AUTH.PIN_REFUSED'
  | 'AUTH.SESSION_REQUIRED'
  | 'DEVICE.NOT_FOUND'
  | 'EXPORT.CHANGED_MEANWHILE'
  | 'EXPORT.TOO_MANY'
  | 'FILE.BAD_NAME'
  | 'FILE.CHANGED_MEANWHILE'
  | 'FILE.DUPLICATE'
  | 'FILE.NAME_TAKEN'
  | 'FILE.NOT_FOUND'
  | 'FILE.NO_RENDITION'
  | 'FILE.RANGE_NOT_SATISFIABLE'
  | 'FILE.RENDITION_BUSY'
  | 'FOLDER.ALREADY_LOCKED'
  | 'FOLDER.BAD_NAME'
  | 'FOLDER.BAD_RECOVERY_CODE'
  | 'FOLDER.CHANGED_MEANWHILE'
  | 'FOLDER.IS_ROOT'
  | 'FOLDER.LOCKED'
  | 'FOLDER.NAME_TAKEN'
  | 'FOLDER.NOT_EMPTY'
  | 'FOLDER.NOT_FOUND'
  | 'FOLDER.NOT_LOCKED'
  | 'FOLDER.TOO_MANY'
  | 'FOLDER.WRONG_PASSWORD'
  | 'PASSWORD.BUSY'
  | 'PASSWORD.REFUSED'
  | 'PASSWORD.TOO_MANY_GUESSES'
  | 'QUOTA.EXCEEDED'
  | 'REQUEST.INVALID'
  | 'REQUEST.MALFORMED'
  | 'REQUEST.TOO_LARGE'
  | 'REQUEST.TOO_MANY'
  | 'REQUEST.TOO_SLOW'
  | 'REQUEST.UNSUPPORTED_TYPE'
  | 'SERVER.DATABASE_AWAY'
  | 'SERVER.INTERNAL'
  | 'SERVER.NOT_READY'
  | 'SESSION.NOT_FOUND'
  | 'SHARE.BAD_END'
  | 'SHARE.BAD_TARGET'
  | 'SHARE.NOT_FOUND'
  | 'SHARE.NO_PREVIEW'
  | 'SHARE.WRONG_PASSWORD'
  | 'TRASH.NOT_FOUND'
  | 'UPLOAD.BAD_FORM'
  | 'UPLOAD.DIGEST_MISMATCH'
  | 'UPLOAD.EMPTY'
  | 'UPLOAD.FORM_TOO_LARGE'
  | 'UPLOAD.INCOMPLETE'
  | 'UPLOAD.INTERRUPTED'
  | 'UPLOAD.NO_FILE'
  | 'UPLOAD.TOO_LARGE'
  | 'UPLOAD.TYPE_REFUSED'
  | 'USER.EMAIL_TAKEN'
  | 'USER.NOT_FOUND'
  | 'VAULT.DAMAGED'
  | 'VAULT.STORAGE_AWAY'
  | 'VAULT.STORAGE_FULL';

export interface paths {
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Is the process alive? */
        get: operations["isLive"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Can it serve: database, blob store, not shutting down? */
        get: operations["isReady"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/server": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The limits that a client needs */
        get: operations["getServerInfo"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Your account, and how much it stores */
        get: operations["getProfile"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/me/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What happened to your account, page by page, the newest first
         * @description Sign-ins, wrong PINs, new devices and the like. Follow `nextCursor` until it is null.
         */
        get: operations["listSecurityEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/folders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Your folders
         * @description All of them, the root first, then by name. Of a locked one: its name and how many files it has.
         */
        get: operations["listFolders"];
        put?: never;
        /** Make a folder */
        post: operations["createFolder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/folders/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is known of a folder */
        get: operations["getFolder"];
        put?: never;
        post?: never;
        /**
         * Delete a folder
         * @description An empty one, unless `contents` says what is to become of its files. In the trash it keeps its lock and its keys, and can be unlocked. `purge` needs a fresh PIN, and no password: it is the way out of a forgotten one.
         */
        delete: operations["deleteFolder"];
        options?: never;
        head?: never;
        /** Rename a folder */
        patch: operations["renameFolder"];
        trace?: never;
    };
    "/api/v1/folders/{id}/unlock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Unlock a folder for this session
         * @description With its password, or with its recovery code and a fresh PIN. No other session can use it.
         */
        post: operations["unlockFolder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/folders/{id}/relock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lock a folder again for this session */
        post: operations["relockFolder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/files/by-name/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Store a file under a name, as a raw stream of bytes
         * @description The fastest way in. The type is decided from the bytes. Sending the same bytes again is answered `duplicate`, so a tool may simply try again.
         */
        put: operations["putFile"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/files": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Your files, page by page
         * @description A deep page costs what the first one does. Follow `nextCursor` until it is null.
         */
        get: operations["listFiles"];
        put?: never;
        /**
         * Store a file from a form
         * @description Fields first, then one part `file`. The type is decided from the bytes.
         */
        post: operations["uploadFile"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/files/{id}/content": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The bytes of a file */
        get: operations["getContent"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /** Size, type and ETag of a file without its bytes */
        head: operations["headContent"];
        patch?: never;
        trace?: never;
    };
    "/api/v1/files/by-name/{name}/content": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The bytes of a file, by its name */
        get: operations["getContentByName"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/files/{id}/renditions/{kind}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A photo made smaller, without its metadata
         * @description A `thumbnail` fits into 320 × 320 pixels, a `preview` into 2048 × 2048. It is made when it is first asked for, stands upright, and says nothing of where, when and by what the photo was taken. There is none for films, HEIC and raw photos.
         */
        get: operations["getRendition"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/files/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Which of many files need not be uploaded
         * @description For tools that sync: up to 5000 files by their SHA-256, in at most 100 folders. Nothing is reserved by the answer; an upload finds out for itself, and says so.
         */
        post: operations["checkFiles"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/files/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is known of a file */
        get: operations["getFile"];
        put?: never;
        post?: never;
        /**
         * Put a file into the trash
         * @description From there it can be restored for some weeks. It counts in the quota until it is purged.
         */
        delete: operations["trashFile"];
        options?: never;
        head?: never;
        /**
         * Rename or move a file, or correct when it was taken
         * @description What is left out stays as it is. The bytes never change. A file that moves where its name is taken gets a number.
         */
        patch: operations["editFile"];
        trace?: never;
    };
    "/api/v1/files/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Trash or move many files
         * @description Each for itself: what keeps one does not keep the others. A file that moves where its name is taken gets a number; one whose bytes are there already stays where it is.
         */
        post: operations["changeFiles"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shares": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Your shares, page by page, the newest first
         * @description Expired ones stay in the list for a while. Follow `nextCursor` until it is null.
         */
        get: operations["listShares"];
        put?: never;
        /**
         * Share a folder or some files by a link
         * @description Whoever has the link sees them until the share ends, and with `password` only together with it. You must be able to open what you share. Moved, trashed or locked, a file is not shared any more.
         */
        post: operations["createShare"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shares/{id}/openings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who has opened a share, page by page, the newest first
         * @description Follow `nextCursor` until it is null.
         */
        get: operations["listShareOpenings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shares/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * End a share
         * @description Whoever looks at it gets nothing more from the next request on. Its list of openings goes with it.
         */
        delete: operations["revokeShare"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shares/{id}/open": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Open a share with the secret of its link
         * @description A share that there is not, has ended, is used up or does not open with this secret: all of that is one answer, 404. Each opening counts, and its owner sees it.
         */
        post: operations["openShare"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shares/{id}/files": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The files of a share, page by page
         * @description Follow `nextCursor` until it is null.
         */
        get: operations["listSharedFiles"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shares/{id}/files/{fileId}/content": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The bytes of a shared file
         * @description The original where the owner shares originals; else its preview, which says nothing of place and time.
         */
        get: operations["getSharedContent"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shares/{id}/files/{fileId}/renditions/{kind}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A shared photo made smaller, without its metadata */
        get: operations["getSharedRendition"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/shares/{id}/archive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All files of a share as a ZIP
         * @description As `content` gives them. What cannot be shown is left out, and its name is in `SKIPPED.txt`.
         */
        get: operations["getSharedArchive"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/s/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The page that a link opens
         * @description The same for every link, whether or not there is such a share.
         */
        get: operations["getSharePage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/s/assets/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Script, style and icon of that page */
        get: operations["getSharePageAsset"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/devices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Devices that you trust */
        get: operations["listDevices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/devices/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Trust a device no longer
         * @description Its device token is worth nothing afterwards, and the sessions that were opened from it are over.
         */
        delete: operations["removeDevice"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/me/email": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Move to another e-mail address
         * @description Nothing changes before the PIN comes back that is mailed to the new address.
         */
        put: operations["changeEmail"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/me/email/confirmation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Prove the new e-mail address
         * @description The old address is told. PINs go to the new one from now on; those that are still on their way are worth nothing.
         */
        post: operations["confirmEmail"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ask for a PIN that opens a new account
         * @description No account is made yet: the first right PIN makes it. The answer is the same for an address that has one; its mail says so.
         */
        post: operations["signUp"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/pin": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ask for a PIN to sign in with
         * @description The answer is the same for an address that has no account; no mail is sent then. While an account is under attack its mail has a code of eight letters and digits in the place of the PIN.
         */
        post: operations["requestPin"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/reauthentication": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Give a fresh PIN
         * @description Good for five minutes of what needs one. Too many wrong PINs end the session.
         */
        put: operations["reauthenticate"];
        /**
         * Ask for a PIN for what needs a fresh one
         * @description Not needed just after a sign-in, which is one.
         */
        post: operations["requestReauthentication"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where you are signed in */
        get: operations["listSessions"];
        put?: never;
        /**
         * Trade a PIN for a session
         * @description A PIN works once, for the device that asked for it. The first right PIN of a new address makes its account.
         */
        post: operations["signIn"];
        /** Sign out everywhere else */
        delete: operations["revokeOtherSessions"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/sessions/current": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Sign out here
         * @description The token of this request is dead afterwards. A device that you trust stays trusted.
         */
        delete: operations["signOut"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Sign out one device */
        delete: operations["revokeSession"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/folders/{id}/lock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Lock a folder
         * @description Gives it a key that only the password opens. Every session has to unlock it, this one too; its shares end. Nobody can reset the password: keep the recovery code.
         */
        put: operations["lockFolder"];
        post?: never;
        /**
         * Take the lock of a folder away
         * @description The folder has to be unlocked here. Whoever is signed in sees what is in it afterwards.
         */
        delete: operations["removeLock"];
        options?: never;
        head?: never;
        /**
         * Change the password of a locked folder
         * @description Files are not touched. Other sessions have to unlock the folder again; with `rekey` this one too.
         */
        patch: operations["changeFolderPassword"];
        trace?: never;
    };
    "/api/v1/trash": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What is in the trash
         * @description Files one by one, unless their folder is there as a whole. A locked folder shows only its name and how many of its files are there.
         */
        get: operations["listTrash"];
        put?: never;
        post?: never;
        /**
         * Empty the trash
         * @description For good. What is in locked folders stays, unless they are unlocked.
         */
        delete: operations["emptyTrash"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/trash/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take files and folders out of the trash
         * @description Each for itself. What has lost its name meanwhile gets a number. A folder brings back what went to the trash with it; a file of a folder that is there brings back the folder.
         */
        post: operations["restore"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/trash/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Remove a file or a folder from the trash for good
         * @description Its key goes first, then its bytes. A folder that is locked needs a fresh PIN in place of its password.
         */
        delete: operations["purge"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/me/deletion": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Delete your account, for good
         * @description When this is answered, every session, device and share of the account is dead and its keys are destroyed; nobody can take that back. Rows and stored bytes follow, and a mail at the end says what was destroyed, and what backups may still hold. The address is free at once. Type it once more, so that nothing is deleted by mistake.
         */
        post: operations["deleteAccount"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/me/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All that you have, a folder or some files as a ZIP
         * @description Folders are directories, and `manifest.json` has the SHA-256 of each file. What is locked is left out and named there, unless you have unlocked it. A download that broke goes on with `Range` and `If-Range`; when anything has changed meanwhile, the whole is sent again.
         */
        get: operations["getExport"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        /** Size and ETag of an export without its bytes */
        head: operations["headExport"];
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        LiveResponse: {
            /**
             * @example live
             * @enum {string}
             */
            status: "live";
        };
        FieldProblem: {
            /** @example email */
            path: string;
            /** @example email must be an email */
            message: string;
        };
        ProblemResponse: {
            /** @example urn:photovault:error:FILE.NOT_FOUND */
            type: string;
            /** @example There is no such file. */
            title: string;
            /** @example 404 */
            status: number;
            /**
             * @description Stable; programs read this one.
             * @example FILE.NOT_FOUND
             */
            code: string;
            /**
             * @description More about this case.
             * @example A file name must not be empty.
             */
            detail?: string;
            /** @description What is wrong with which field. */
            errors?: components["schemas"]["FieldProblem"][];
            /**
             * Format: uuid
             * @description Also in the header `X-Request-Id`; name it when you ask for help.
             * @example a2f7c1de-1f0e-4a8e-bb44-0b4f4f1a3c55
             */
            requestId: string;
        };
        ReadyResponse: {
            /**
             * @description `degraded` serves all the same.
             * @example ready
             * @enum {string}
             */
            status: "ready" | "degraded";
            /**
             * @description Of a `degraded` server: what is away. Without its Redis each process counts request rates for itself.
             * @example [
             *       "redis"
             *     ]
             */
            away?: "redis"[];
        };
        UploadLimits: {
            /**
             * @description Largest file, in bytes.
             * @example 10737418240
             */
            maxBytes: number;
            /**
             * @description Media types that are stored.
             * @example [
             *       "image/jpeg",
             *       "image/heic"
             *     ]
             */
            types: string[];
        };
        PinLimits: {
            /**
             * @description Length of a PIN.
             * @example 4
             */
            digits: number;
            /**
             * @description Seconds that a PIN is good for.
             * @example 300
             */
            expiresIn: number;
        };
        ServerInfoResponse: {
            upload: components["schemas"]["UploadLimits"];
            pin: components["schemas"]["PinLimits"];
        };
        UsageResponse: {
            /**
             * @description Number of stored files.
             * @example 128
             */
            files: number;
            /**
             * @description Bytes of the originals.
             * @example 734003200
             */
            bytes: number;
        };
        QuotaResponse: {
            /**
             * @description Bytes of originals that may be stored.
             * @example 107374182400
             */
            bytes: number;
        };
        ProfileResponse: {
            /**
             * Format: uuid
             * @example 019ab0c4-5f6e-7a31-9c55-0d2f9b6f1e01
             */
            id: string;
            /**
             * Format: email
             * @example alice@example.com
             */
            email: string;
            /**
             * Format: date-time
             * @example 2026-11-20T10:00:00.000Z
             */
            createdAt: string;
            usage: components["schemas"]["UsageResponse"];
            /** @description null without a limit. */
            quota: components["schemas"]["QuotaResponse"] | null;
        };
        SecurityEventResponse: {
            /**
             * Format: uuid
             * @example 019ab0c4-9b2e-7f10-8c3d-4e5f6a7b8c9d
             */
            id: string;
            /**
             * @description What happened. Later versions know more kinds.
             * @example device.new
             * @enum {string}
             */
            kind: "account.created" | "account.disabled" | "account.enabled" | "account.exported" | "session.started" | "session.ended" | "session.reauthenticated" | "device.new" | "device.trusted" | "device.removed" | "pin.wrong" | "pin.step_up" | "email.changed" | "folder.locked" | "folder.unlocked" | "folder.wrong_password" | "folder.password_changed" | "folder.recovered" | "folder.lock_removed" | "folder.purged" | "share.opened" | "share.wrong_password" | "share.suspended";
            /**
             * Format: date-time
             * @example 2026-11-20T10:00:00.000Z
             */
            createdAt: string;
            /**
             * @description Where the request came from; removed after a while.
             * @example 192.0.2.7
             */
            ip: string | null;
            /**
             * @description What the device calls itself, which anybody can claim.
             * @example Alice's laptop
             */
            device: string | null;
        };
        SecurityEventListResponse: {
            /**
             * @description Ask for the next page with it; null on the last one.
             * @example bXNjMmg1ZTAuMDE5YWIwYzQ3ZDFmN2M1NThhMGUzZjNkN2IyYjljMTE
             */
            nextCursor: string | null;
            items: components["schemas"]["SecurityEventResponse"][];
        };
        NameFolderDto: {
            /**
             * @description At most 255 bytes in UTF-8; no control characters. Yours alone: no two folders share one.
             * @example Summer 2026
             */
            name: string;
        };
        FolderResponse: {
            /**
             * Format: uuid
             * @example 019ab0c4-6a10-7b02-9a4b-7e6c1d2f3a44
             */
            id: string;
            /**
             * @description null for the root.
             * @example Summer 2026
             */
            name: string | null;
            /**
             * @description Where files go when nobody says where.
             * @example false
             */
            isRoot: boolean;
            /**
             * @description Whether it has a lock, unlocked here or not.
             * @example false
             */
            locked: boolean;
            /**
             * Format: date-time
             * @description Until when this session has it unlocked; each use moves it, up to a limit.
             * @example null
             */
            unlockedUntil: string | null;
            /** @example 12 */
            fileCount: number;
            /**
             * @description Bytes of its files; null while it is locked.
             * @example 48211034
             */
            bytes: number | null;
        };
        FolderListResponse: {
            items: components["schemas"]["FolderResponse"][];
        };
        UnlockFolderDto: {
            /**
             * @description The folder’s password.
             * @example correct horse battery
             */
            password?: string;
            /**
             * @description The recovery code in place of the password; needs a fresh PIN. Case, spaces and dashes do not matter.
             * @example 7GQ2-M0XK-…
             */
            recoveryCode?: string;
        };
        UnlockedFolderResponse: {
            /**
             * Format: date-time
             * @description Until when, without use; each use moves it, up to a limit.
             * @example 2026-11-20T10:15:00.000Z
             */
            unlockedUntil: string;
        };
        UploadResponse: {
            /**
             * Format: uuid
             * @example 019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11
             */
            id: string;
            /** @example IMG_5195.HEIC */
            name: string;
            /**
             * Format: uuid
             * @description The folder it lies in.
             * @example 019ab0c4-6a10-7b02-9a4b-7e6c1d2f3a44
             */
            folderId: string;
            /**
             * @description Decided by the server from the first bytes.
             * @example image/heic
             */
            contentType: string;
            /**
             * @description Bytes.
             * @example 833284
             */
            size: number;
            /**
             * @description Of the bytes, in lower-case hex.
             * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
             */
            sha256: string;
            /**
             * Format: date-time
             * @example 2026-11-20T10:00:00.000Z
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description As the uploader said; null when nobody did.
             * @example 2026-08-02T17:21:09.000Z
             */
            takenAt: string | null;
            /**
             * @description `duplicate`: the folder had these bytes; the answer names the file that it had. `restored`: that file was in the trash, and is back under the name of this upload.
             * @example created
             * @enum {string}
             */
            status: "created" | "duplicate" | "restored";
        };
        UploadOptionsDto: {
            /**
             * Format: uuid
             * @description The root folder when left out.
             * @example 019ab0c4-6a10-7b02-9a4b-7e6c1d2f3a44
             */
            folderId?: string;
            /**
             * Format: date-time
             * @description When the photo was taken. Nobody looks into the file for it.
             * @example 2026-08-02T17:21:09Z
             */
            takenAt?: string;
            /**
             * @description When the folder has this name with other bytes: `rename` to "name (1).ext" (default of POST), `replace`, which puts the other file into the trash (default of PUT), or `reject`.
             * @example rename
             * @enum {string}
             */
            conflict?: "rename" | "reject" | "replace";
        };
        CheckItemDto: {
            /**
             * @description Whatever the client calls it; it comes back.
             * @example 0001
             */
            clientId: string;
            /**
             * @description SHA-256 of its bytes, hexadecimal.
             * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
             */
            sha256: string;
            /**
             * Format: uuid
             * @description Where it would go; the root folder when left out.
             * @example 019ab0c4-6a10-7b02-9a4b-7e6c1d2f3a44
             */
            folderId?: string;
        };
        CheckFilesDto: {
            items: components["schemas"]["CheckItemDto"][];
        };
        CheckItemResponse: {
            /**
             * @description As it was asked for.
             * @example 0001
             */
            clientId: string;
            /**
             * @description `upload`: its folder does not have its bytes. `duplicate`: it has. `restorable`: its trash has them; an upload brings them back, and so does `POST /trash/restore`. Missing when nothing can be said; then `code` says why.
             * @example duplicate
             * @enum {string}
             */
            action?: "upload" | "duplicate" | "restorable";
            /**
             * Format: uuid
             * @description The file that has its bytes.
             * @example 019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11
             */
            fileId?: string;
            /**
             * @description One of the error codes.
             * @example FOLDER.LOCKED
             */
            code?: string;
        };
        CheckFilesResponse: {
            items: components["schemas"]["CheckItemResponse"][];
        };
        FileResponse: {
            /**
             * Format: uuid
             * @example 019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11
             */
            id: string;
            /** @example IMG_5195.HEIC */
            name: string;
            /**
             * Format: uuid
             * @description The folder it lies in.
             * @example 019ab0c4-6a10-7b02-9a4b-7e6c1d2f3a44
             */
            folderId: string;
            /**
             * @description Decided by the server from the first bytes.
             * @example image/heic
             */
            contentType: string;
            /**
             * @description Bytes.
             * @example 833284
             */
            size: number;
            /**
             * @description Of the bytes, in lower-case hex.
             * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
             */
            sha256: string;
            /**
             * Format: date-time
             * @example 2026-11-20T10:00:00.000Z
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description As the uploader said; null when nobody did.
             * @example 2026-08-02T17:21:09.000Z
             */
            takenAt: string | null;
        };
        FileListResponse: {
            /**
             * @description Ask for the next page with it; null on the last one.
             * @example bXNjMmg1ZTAuMDE5YWIwYzQ3ZDFmN2M1NThhMGUzZjNkN2IyYjljMTE
             */
            nextCursor: string | null;
            items: components["schemas"]["FileResponse"][];
        };
        EditFileDto: {
            /**
             * @description At most 255 bytes in UTF-8; no control characters.
             * @example beach.jpg
             */
            name?: string;
            /**
             * Format: date-time
             * @description null removes the date.
             * @example 2026-08-02T17:21:09Z
             */
            takenAt?: string | null;
            /**
             * Format: uuid
             * @description Moves the file into this folder.
             * @example 019ab0c4-6a10-7b02-9a4b-7e6c1d2f3a44
             */
            folderId?: string;
        };
        ChangeFilesDto: {
            /**
             * @description Each once.
             * @example [
             *       "019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11"
             *     ]
             */
            ids: string[];
            /**
             * @example trash
             * @enum {string}
             */
            action: "trash" | "move";
            /**
             * Format: uuid
             * @description Where to move them; the root folder when left out.
             * @example 019ab0c4-6a10-7b02-9a4b-7e6c1d2f3a44
             */
            folderId?: string;
        };
        ItemOutcomeResponse: {
            /**
             * @description As it was asked for.
             * @example 019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11
             */
            id: string;
            /** @example false */
            ok: boolean;
            /**
             * @description Why not: one of the error codes.
             * @example FOLDER.LOCKED
             */
            code?: string;
        };
        ItemOutcomesResponse: {
            items: components["schemas"]["ItemOutcomeResponse"][];
        };
        CreateShareDto: {
            /**
             * Format: uuid
             * @description This or `fileIds`. The folder as it is at any time: what comes into it later is shared too.
             * @example 019ab0c4-6a10-7b02-9a4b-7e6c1d2f3a44
             */
            folderId?: string;
            /**
             * @description This or `folderId`. Files of any folders that you can open.
             * @example [
             *       "019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11"
             *     ]
             */
            fileIds?: string[];
            /**
             * Format: date-time
             * @description When it ends: in the future, at most 90 days from now, 7 days when left out. Fractions of a second are dropped.
             * @example 2026-11-27T10:00:00Z
             */
            expiresAt?: string;
            /**
             * @description Asked for beside the link. 8 to 256 bytes of UTF-8, and none that everybody tries first.
             * @example a long walk on the beach
             */
            password?: string;
            /**
             * @description How often it can be opened; any number of times when left out.
             * @example 20
             */
            maxOpens?: number;
            /**
             * @description Whether visitors get the files as they are, with place and time of the photos; else previews without.
             * @default false
             */
            includeOriginals?: boolean;
            /**
             * @description What it is called, for you and for visitors.
             * @example Summer by the sea
             */
            label?: string;
        };
        CreatedShareResponse: {
            /**
             * Format: uuid
             * @example 019ab0c4-8a31-7e20-b6f4-0c1d2e3f4a5b
             */
            id: string;
            /**
             * @description The link, given this once. What is behind the `#` opens the share and is kept nowhere.
             * @example https://photos.example.com/s/019ab0c4-8a31-7e20-b6f4-0c1d2e3f4a5b#ThisIsAnExampleAndOpensNothingAnywhereAtAll
             */
            url: string;
            /**
             * Format: date-time
             * @example 2026-11-27T10:00:00.000Z
             */
            expiresAt: string;
        };
        ShareResponse: {
            /**
             * Format: uuid
             * @example 019ab0c4-8a31-7e20-b6f4-0c1d2e3f4a5b
             */
            id: string;
            /**
             * @description What is shared.
             * @example files
             * @enum {string}
             */
            target: "folder" | "files";
            /**
             * Format: uuid
             * @description The folder; null for files.
             * @example null
             */
            folderId: string | null;
            /**
             * @description How many files were shared; null for a folder.
             * @example 12
             */
            fileCount: number | null;
            /** @example Summer by the sea */
            label: string | null;
            /**
             * @description `used_up`: opened `maxOpens` times. `suspended`: after 50 wrong passwords it opens for nobody. Both stay so; only `open` ones open.
             * @example open
             * @enum {string}
             */
            state: "open" | "used_up" | "suspended" | "expired";
            /**
             * Format: date-time
             * @example 2026-11-27T10:00:00.000Z
             */
            expiresAt: string;
            /** @example true */
            hasPassword: boolean;
            /** @example false */
            includeOriginals: boolean;
            /** @example 20 */
            maxOpens: number | null;
            /**
             * @description How often it was opened.
             * @example 3
             */
            opens: number;
            /**
             * Format: date-time
             * @example 2026-11-20T10:00:00.000Z
             */
            createdAt: string;
        };
        ShareListResponse: {
            /**
             * @description Ask for the next page with it; null on the last one.
             * @example bXNjMmg1ZTAuMDE5YWIwYzQ3ZDFmN2M1NThhMGUzZjNkN2IyYjljMTE
             */
            nextCursor: string | null;
            items: components["schemas"]["ShareResponse"][];
        };
        ShareOpeningResponse: {
            /**
             * Format: uuid
             * @example 019ab0c4-9b2e-7f10-8c3d-4e5f6a7b8c9d
             */
            id: string;
            /**
             * Format: date-time
             * @example 2026-11-20T10:00:00.000Z
             */
            openedAt: string;
            /**
             * @description About from where: no more of an address is kept.
             * @example 192.0.x.x
             */
            network: string;
            /**
             * @description What the browser or program calls itself, which anybody can claim.
             * @example Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0
             */
            agent: string | null;
            /**
             * @description Downloads that came to their end; one of the archive counts each file in it.
             * @example 12
             */
            filesFetched: number;
        };
        ShareOpeningListResponse: {
            /**
             * @description Ask for the next page with it; null on the last one.
             * @example bXNjMmg1ZTAuMDE5YWIwYzQ3ZDFmN2M1NThhMGUzZjNkN2IyYjljMTE
             */
            nextCursor: string | null;
            items: components["schemas"]["ShareOpeningResponse"][];
        };
        OpenShareDto: {
            /**
             * @description What is behind the `#` of the link. One that is none is answered like a wrong one.
             * @example ThisIsAnExampleAndOpensNothingAnywhereAtAll
             */
            secret: string;
            /**
             * @description Where the share has one. Without it such a share answers 403, which costs no guess.
             * @example a long walk on the beach
             */
            password?: string;
            /**
             * @description How the token travels: in the answer and then in `Authorization`, or as a cookie of this share.
             * @default bearer
             * @enum {string}
             */
            transport?: "bearer" | "cookie";
        };
        OpenedShareResponse: {
            /**
             * @description Given this once, for `Authorization: Bearer`; not with the cookie.
             * @example pvv_ThisIsAnExampleAndOpensNothingAnywhereAtAll00000000
             */
            shareToken?: string;
            /**
             * Format: date-time
             * @description When it has to be opened again: at the end of the share, or before.
             * @example 2026-11-20T22:00:00.000Z
             */
            expiresAt: string;
            /**
             * @description What its owner calls it.
             * @example Summer by the sea
             */
            label?: string;
        };
        SharedFileResponse: {
            /**
             * Format: uuid
             * @example 019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11
             */
            id: string;
            /** @example IMG_5195.JPG */
            name: string;
            /**
             * @description Of the original.
             * @example image/jpeg
             */
            contentType: string;
            /**
             * @description Bytes of the original.
             * @example 833284
             */
            size: number;
        };
        SharedFileListResponse: {
            /**
             * @description Ask for the next page with it; null on the last one.
             * @example bXNjMmg1ZTAuMDE5YWIwYzQ3ZDFmN2M1NThhMGUzZjNkN2IyYjljMTE
             */
            nextCursor: string | null;
            items: components["schemas"]["SharedFileResponse"][];
        };
        DeviceResponse: {
            /**
             * Format: uuid
             * @example 019ab0c4-71d0-7b8a-a2c4-6d5e4f3a2b1c
             */
            id: string;
            /** @example laptop-1 */
            deviceId: string;
            /** @example Alice's laptop */
            deviceName: string | null;
            /**
             * Format: date-time
             * @example 2026-11-20T10:00:00.000Z
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description The last sign-in from it.
             * @example 2026-12-01T08:30:00.000Z
             */
            lastUsedAt: string;
            /**
             * Format: date-time
             * @description It is trusted until then; moves with each sign-in that remembers it.
             * @example 2027-05-30T08:30:00.000Z
             */
            expiresAt: string;
            /**
             * @description Whether the session of this request was opened from it.
             * @example true
             */
            current: boolean;
        };
        DeviceListResponse: {
            items: components["schemas"]["DeviceResponse"][];
        };
        ChangeEmailDto: {
            /**
             * Format: email
             * @example alice@example.com
             */
            email: string;
        };
        ChallengeResponse: {
            /**
             * @description Goes back together with the PIN.
             * @example k3JQ0Z7Qb2oD5o0hQ0m3c1lqXy7n2Wk9vTt8rGmA4sE
             */
            challengeId: string;
            /**
             * @description Seconds that the PIN is good for.
             * @example 300
             */
            expiresIn: number;
        };
        ConfirmEmailDto: {
            /**
             * @description From the answer to the request for a PIN.
             * @example k3JQ0Z7Qb2oD5o0hQ0m3c1lqXy7n2Wk9vTt8rGmA4sE
             */
            challengeId: string;
            /**
             * @description A string: leading zeros count. If the mail has a code in the place of a PIN, the code.
             * @example 0427
             */
            pin: string;
        };
        SignUpDto: {
            /**
             * Format: email
             * @example alice@example.com
             */
            email: string;
            /**
             * @description Any label of your device, in printable characters; the PIN is good only together with it.
             * @example laptop-1
             */
            deviceId: string;
            /**
             * @description A name for people, shown in the mail.
             * @example Alice's laptop
             */
            deviceName?: string;
        };
        SignInPinDto: {
            /**
             * Format: email
             * @example alice@example.com
             */
            email: string;
            /**
             * @description Any label of your device, in printable characters; the PIN is good only together with it.
             * @example laptop-1
             */
            deviceId: string;
            /**
             * @description From an earlier sign-in with `remember`. A trusted device has limits of its own, which strangers cannot use up.
             * @example pvd_ThisIsAnExampleAndOpensNothingAnywhereAtAll00000000
             */
            deviceToken?: string;
        };
        ReauthenticationDto: {
            /**
             * @description From the answer to the request for a PIN.
             * @example k3JQ0Z7Qb2oD5o0hQ0m3c1lqXy7n2Wk9vTt8rGmA4sE
             */
            challengeId: string;
            /**
             * @description A string: leading zeros count. If the mail has a code in the place of a PIN, the code.
             * @example 0427
             */
            pin: string;
        };
        SignInDto: {
            /**
             * @description From the answer to the request for a PIN.
             * @example k3JQ0Z7Qb2oD5o0hQ0m3c1lqXy7n2Wk9vTt8rGmA4sE
             */
            challengeId: string;
            /**
             * @description The same as in the request for a PIN.
             * @example laptop-1
             */
            deviceId: string;
            /**
             * @description A string: leading zeros count. If the mail has a code in the place of a PIN, the code.
             * @example 0427
             */
            pin: string;
            /**
             * @description A name for people, shown in the list of sessions.
             * @example Alice's laptop
             */
            deviceName?: string;
            /**
             * @description Trust this device: it gets a `deviceToken`, and its session lasts longer.
             * @default false
             * @example false
             */
            remember?: boolean;
            /**
             * @description `cookie` is for browsers: the tokens come as cookies that no script can read, and not in the body. Requests that change something then need `Origin` and `X-PV-Request: 1`.
             * @default bearer
             * @example bearer
             * @enum {string}
             */
            transport?: "bearer" | "cookie";
        };
        IssuedSessionResponse: {
            /**
             * @description Send it as `Authorization: Bearer …`. Absent when it came as a cookie.
             * @example pvs_ThisIsAnExampleAndOpensNothingAnywhereAtAll00000000
             */
            sessionToken?: string;
            /**
             * @description Only with `remember`. Keep it, and send it when you next ask for a PIN; each such sign-in gives a new one in its place.
             * @example pvd_ThisIsAnExampleAndOpensNothingAnywhereAtAll00000000
             */
            deviceToken?: string;
            /**
             * Format: date-time
             * @description The session ends then in any case.
             * @example 2026-11-21T10:00:00.000Z
             */
            expiresAt: string;
            /**
             * Format: date-time
             * @description The session ends then if nobody uses it; moves with use.
             * @example 2026-11-20T10:30:00.000Z
             */
            idleExpiresAt: string;
            user: components["schemas"]["ProfileResponse"];
        };
        SessionResponse: {
            /**
             * Format: uuid
             * @example 019ab0c4-62c1-7d3e-8f10-5a4b3c2d1e0f
             */
            id: string;
            /** @example laptop-1 */
            deviceId: string;
            /** @example Alice's laptop */
            deviceName: string | null;
            /** @example 192.0.2.7 */
            ip: string | null;
            /** @example curl/8.5.0 */
            userAgent: string | null;
            /**
             * Format: date-time
             * @example 2026-11-20T10:00:00.000Z
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description Written once a minute at most.
             * @example 2026-11-20T10:12:00.000Z
             */
            lastSeenAt: string;
            /**
             * Format: date-time
             * @example 2026-11-21T10:00:00.000Z
             */
            expiresAt: string;
            /**
             * @description Whether it is the session of this request.
             * @example true
             */
            current: boolean;
        };
        SessionListResponse: {
            items: components["schemas"]["SessionResponse"][];
        };
        LockFolderDto: {
            /**
             * @description 8 to 256 bytes in UTF-8; none of the passwords that everybody tries first.
             * @example correct horse battery
             */
            password: string;
        };
        RecoveryCodeResponse: {
            /**
             * @description Shown this once: write it down. Without it and without the password nobody can open the folder.
             * @example 7GQ2-M0XK-3F8C-9TQR-D4WN-61HV-BZ5S-YE2J-0K7P-AXMG-R8D3-VC4W-TH6N-91QF
             */
            recoveryCode: string;
        };
        ChangeFolderPasswordDto: {
            /** @example correct horse battery */
            currentPassword?: string;
            /**
             * @description The recovery code in place of the password; needs a fresh PIN.
             * @example 7GQ2-M0XK-…
             */
            recoveryCode?: string;
            /**
             * @description 8 to 256 bytes in UTF-8; none of the passwords that everybody tries first.
             * @example battery horse correct
             */
            newPassword: string;
            /**
             * @description Also give the folder a new key and a new recovery code. Takes seconds for thousands of files; after it, copies of the old key and the old code open nothing.
             * @default false
             * @example false
             */
            rekey?: boolean;
        };
        TrashedFileResponse: {
            /**
             * Format: uuid
             * @example 019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11
             */
            id: string;
            /** @example IMG_5195.HEIC */
            name: string;
            /**
             * Format: uuid
             * @description The folder it lies in.
             * @example 019ab0c4-6a10-7b02-9a4b-7e6c1d2f3a44
             */
            folderId: string;
            /**
             * @description Decided by the server from the first bytes.
             * @example image/heic
             */
            contentType: string;
            /**
             * @description Bytes.
             * @example 833284
             */
            size: number;
            /**
             * @description Of the bytes, in lower-case hex.
             * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
             */
            sha256: string;
            /**
             * Format: date-time
             * @example 2026-11-20T10:00:00.000Z
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description As the uploader said; null when nobody did.
             * @example 2026-08-02T17:21:09.000Z
             */
            takenAt: string | null;
            /**
             * Format: date-time
             * @example 2026-11-20T10:00:00.000Z
             */
            trashedAt: string;
            /**
             * Format: date-time
             * @description From then on it may be gone.
             * @example 2026-12-20T10:00:00.000Z
             */
            purgedAfter: string;
        };
        TrashedFolderResponse: {
            /**
             * Format: uuid
             * @example 019ab0c4-6a10-7b02-9a4b-7e6c1d2f3a44
             */
            folderId: string;
            /** @example Summer 2026 */
            name: string;
            /**
             * @description How many of its files are in the trash.
             * @example 12
             */
            count: number;
            /**
             * @description Whether it has a lock, unlocked here or not.
             * @example false
             */
            locked: boolean;
            /**
             * Format: date-time
             * @description See folders.
             * @example null
             */
            unlockedUntil: string | null;
            /**
             * Format: date-time
             * @description null where only files of it are in the trash.
             * @example 2026-11-20T10:00:00.000Z
             */
            trashedAt: string | null;
            /**
             * Format: date-time
             * @example 2026-12-20T10:00:00.000Z
             */
            purgedAfter: string | null;
        };
        TrashResponse: {
            /**
             * @description Ask for the next page with it; null on the last one.
             * @example bXNjMmg1ZTAuMDE5YWIwYzQ3ZDFmN2M1NThhMGUzZjNkN2IyYjljMTE
             */
            nextCursor: string | null;
            /** @description What was trashed last first. */
            items: components["schemas"]["TrashedFileResponse"][];
            /** @description The same on each page. Of a locked one nothing else is shown; `?folderId=` shows what is in one that is open. */
            folders: components["schemas"]["TrashedFolderResponse"][];
        };
        IdsDto: {
            /**
             * @description Each once.
             * @example [
             *       "019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11"
             *     ]
             */
            ids: string[];
        };
        RestoredItemResponse: {
            /**
             * @description As it was asked for.
             * @example 019ab0c4-7d1f-7c55-8a0e-3f3d7b2b9c11
             */
            id: string;
            /** @example false */
            ok: boolean;
            /**
             * @description Why not: one of the error codes.
             * @example FOLDER.LOCKED
             */
            code?: string;
            /**
             * @description A file’s name, perhaps with a number.
             * @example IMG_5195 (1).HEIC
             */
            name?: string;
            /**
             * Format: uuid
             * @example 019ab0c4-6a10-7b02-9a4b-7e6c1d2f3a44
             */
            folderId?: string;
        };
        RestoredResponse: {
            items: components["schemas"]["RestoredItemResponse"][];
        };
        EmptiedResponse: {
            /**
             * @description Files that are gone.
             * @example 31
             */
            files: number;
            /** @description What stayed, because it is locked. */
            kept: components["schemas"]["TrashedFolderResponse"][];
        };
        DeleteAccountDto: {
            /**
             * Format: email
             * @example alice@example.com
             */
            email: string;
        };
        DeletionResponse: {
            /**
             * @description Number of files, those in the trash too.
             * @example 128
             */
            files: number;
            /**
             * @description Bytes of their originals.
             * @example 734003200
             */
            bytes: number;
            /**
             * @description Folders, without the root.
             * @example 4
             */
            folders: number;
            /**
             * @description Links that opened something.
             * @example 1
             */
            shares: number;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: {
        /** @description The policy that counted this request: its name, how many units (`q`) it grants in how many seconds (`w`). */
        "RateLimit-Policy": string;
        /** @description What is left of it: units (`r`), and seconds (`t`) until all of them are back. */
        RateLimit: string;
        /** @description Seconds to wait before the next request. */
        "Retry-After": number;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    isLive: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LiveResponse"];
                };
            };
        };
    };
    isReady: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It can. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReadyResponse"];
                };
            };
        };
    };
    getServerInfo: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What this server accepts. */
            200: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerInfoResponse"];
                };
            };
        };
    };
    getProfile: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Your account. */
            200: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProfileResponse"];
                };
            };
        };
    };
    listSecurityEvents: {
        parameters: {
            query?: {
                /** @description Entries in a page. */
                limit?: number;
                /** @description `nextCursor` of the page before; the other parameters must stay the same. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page. */
            200: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SecurityEventListResponse"];
                };
            };
        };
    };
    listFolders: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description At most a thousand. */
            200: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FolderListResponse"];
                };
            };
        };
    };
    createFolder: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NameFolderDto"];
            };
        };
        responses: {
            /** @description The folder, empty and open. */
            201: {
                headers: {
                    /** @description The folder. */
                    Location?: string;
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FolderResponse"];
                };
            };
        };
    };
    getFolder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The folder. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The folder. */
            200: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FolderResponse"];
                };
            };
        };
    };
    deleteFolder: {
        parameters: {
            query?: {
                /** @description What becomes of its files; without it, a folder that has some is not deleted. */
                contents?: "trash" | "purge";
            };
            header?: never;
            path: {
                /** @description The folder. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone, or in the trash. */
            204: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    renameFolder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The folder. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NameFolderDto"];
            };
        };
        responses: {
            /** @description The folder as it is now. */
            200: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FolderResponse"];
                };
            };
        };
    };
    unlockFolder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The folder. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UnlockFolderDto"];
            };
        };
        responses: {
            /** @description Unlocked. */
            200: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UnlockedFolderResponse"];
                };
            };
        };
    };
    relockFolder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The folder. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Locked here, if it has a lock. */
            204: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    putFile: {
        parameters: {
            query?: {
                /** @description The root folder when left out. */
                folderId?: string;
                /** @description When the photo was taken. Nobody looks into the file for it. */
                takenAt?: string;
                /** @description When the folder has this name with other bytes: `rename` to "name (1).ext" (default of POST), `replace`, which puts the other file into the trash (default of PUT), or `reject`. */
                conflict?: "rename" | "reject" | "replace";
            };
            header?: {
                /** @description RFC 9530: `sha-256=:<base64>:`; checked before anything is stored. `Repr-Digest` means the same here. */
                "Content-Digest"?: string;
            };
            path: {
                /** @description Percent-encoded; at most 255 bytes in UTF-8. */
                name: string;
            };
            cookie?: never;
        };
        /** @description The bytes of the file. */
        requestBody: {
            content: {
                "application/octet-stream": Bytes;
            };
        };
        responses: {
            /** @description The folder had these bytes already, perhaps under another name or in the trash. */
            200: {
                headers: {
                    /** @description The file. */
                    Location?: string;
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UploadResponse"];
                };
            };
            /** @description Stored; it survives whatever happens next. */
            201: {
                headers: {
                    /** @description The file. */
                    Location?: string;
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UploadResponse"];
                };
            };
        };
    };
    listFiles: {
        parameters: {
            query?: {
                /** @description Entries in a page. */
                limit?: number;
                /** @description `nextCursor` of the page before; the other parameters must stay the same. */
                cursor?: string;
                /** @description One folder; without it, all open folders. */
                folderId?: string;
                /** @description What to sort by; `taken` falls back to `created` where a photo has no date. */
                order?: "taken" | "created";
                /** @description `desc`: the newest first. */
                direction?: "asc" | "desc";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page. */
            200: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FileListResponse"];
                };
            };
        };
    };
    uploadFile: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "multipart/form-data": components["schemas"]["UploadOptionsDto"] & {
                    /** Format: binary */
                    file: Bytes;
                };
            };
        };
        responses: {
            /** @description The folder had these bytes already, perhaps under another name or in the trash. */
            200: {
                headers: {
                    /** @description The file. */
                    Location?: string;
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UploadResponse"];
                };
            };
            /** @description Stored; it survives whatever happens next. */
            201: {
                headers: {
                    /** @description The file. */
                    Location?: string;
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UploadResponse"];
                };
            };
        };
    };
    getContent: {
        parameters: {
            query?: {
                /** @description `attachment` makes a browser save the file; types that it must not show are saved anyway. */
                disposition?: "inline" | "attachment";
            };
            header?: {
                /** @description One range: from–to, from–, or the last bytes (`bytes=-500`). */
                Range?: string;
                /** @description The ETag that the range belongs to; another file is sent whole. */
                "If-Range"?: string;
                /** @description The ETags that you have. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description The file. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The whole file. */
            200: {
                headers: {
                    /** @description Strong and opaque; it says nothing about the bytes. */
                    ETag?: string;
                    /** @description `bytes` */
                    "Accept-Ranges"?: string;
                    /** @description The name, and whether a browser should show the file or save it. */
                    "Content-Disposition"?: string;
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": Bytes;
                    "image/*": Bytes;
                    "video/*": Bytes;
                };
            };
            /** @description The range. */
            206: {
                headers: {
                    /** @description Strong and opaque; it says nothing about the bytes. */
                    ETag?: string;
                    /** @description `bytes` */
                    "Accept-Ranges"?: string;
                    /** @description The name, and whether a browser should show the file or save it. */
                    "Content-Disposition"?: string;
                    /** @description Which bytes of how many. */
                    "Content-Range"?: string;
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": Bytes;
                    "image/*": Bytes;
                    "video/*": Bytes;
                };
            };
        };
    };
    headContent: {
        parameters: {
            query?: {
                /** @description `attachment` makes a browser save the file; types that it must not show are saved anyway. */
                disposition?: "inline" | "attachment";
            };
            header?: {
                /** @description The ETags that you have. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description The file. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The headers of GET. */
            200: {
                headers: {
                    /** @description Strong and opaque; it says nothing about the bytes. */
                    ETag?: string;
                    /** @description `bytes` */
                    "Accept-Ranges"?: string;
                    /** @description The name, and whether a browser should show the file or save it. */
                    "Content-Disposition"?: string;
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    getContentByName: {
        parameters: {
            query?: {
                /** @description `attachment` makes a browser save the file; types that it must not show are saved anyway. */
                disposition?: "inline" | "attachment";
                /** @description The root folder when left out. */
                folderId?: string;
            };
            header?: {
                /** @description One range: from–to, from–, or the last bytes (`bytes=-500`). */
                Range?: string;
                /** @description The ETag that the range belongs to; another file is sent whole. */
                "If-Range"?: string;
                /** @description The ETags that you have. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description Percent-encoded. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The whole file. */
            200: {
                headers: {
                    /** @description Strong and opaque; it says nothing about the bytes. */
                    ETag?: string;
                    /** @description `bytes` */
                    "Accept-Ranges"?: string;
                    /** @description The name, and whether a browser should show the file or save it. */
                    "Content-Disposition"?: string;
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": Bytes;
                    "image/*": Bytes;
                    "video/*": Bytes;
                };
            };
            /** @description The range. */
            206: {
                headers: {
                    /** @description Strong and opaque; it says nothing about the bytes. */
                    ETag?: string;
                    /** @description `bytes` */
                    "Accept-Ranges"?: string;
                    /** @description The name, and whether a browser should show the file or save it. */
                    "Content-Disposition"?: string;
                    /** @description Which bytes of how many. */
                    "Content-Range"?: string;
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": Bytes;
                    "image/*": Bytes;
                    "video/*": Bytes;
                };
            };
        };
    };
    getRendition: {
        parameters: {
            query?: never;
            header?: {
                /** @description One range: from–to, from–, or the last bytes (`bytes=-500`). */
                Range?: string;
                /** @description The ETag that the range belongs to; another file is sent whole. */
                "If-Range"?: string;
                /** @description The ETags that you have. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description The file. */
                id: string;
                /** @description How small. */
                kind: "thumbnail" | "preview";
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The whole file. */
            200: {
                headers: {
                    /** @description Strong and opaque; it says nothing about the bytes. */
                    ETag?: string;
                    /** @description `bytes` */
                    "Accept-Ranges"?: string;
                    /** @description The name, and whether a browser should show the file or save it. */
                    "Content-Disposition"?: string;
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "image/webp": Bytes;
                };
            };
            /** @description The range. */
            206: {
                headers: {
                    /** @description Strong and opaque; it says nothing about the bytes. */
                    ETag?: string;
                    /** @description `bytes` */
                    "Accept-Ranges"?: string;
                    /** @description The name, and whether a browser should show the file or save it. */
                    "Content-Disposition"?: string;
                    /** @description Which bytes of how many. */
                    "Content-Range"?: string;
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "image/webp": Bytes;
                };
            };
        };
    };
    checkFiles: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CheckFilesDto"];
            };
        };
        responses: {
            /** @description One answer for each. */
            200: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CheckFilesResponse"];
                };
            };
        };
    };
    getFile: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The file. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file, without its bytes. */
            200: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FileResponse"];
                };
            };
        };
    };
    trashFile: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The file. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is in the trash. */
            204: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    editFile: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The file. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EditFileDto"];
            };
        };
        responses: {
            /** @description The file as it is now. */
            200: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FileResponse"];
                };
            };
        };
    };
    changeFiles: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeFilesDto"];
            };
        };
        responses: {
            /** @description What became of each. */
            200: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ItemOutcomesResponse"];
                };
            };
        };
    };
    listShares: {
        parameters: {
            query?: {
                /** @description Entries in a page. */
                limit?: number;
                /** @description `nextCursor` of the page before; the other parameters must stay the same. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page. */
            200: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ShareListResponse"];
                };
            };
        };
    };
    createShare: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateShareDto"];
            };
        };
        responses: {
            /** @description Shared. The link is shown this once. */
            201: {
                headers: {
                    /** @description The share. */
                    Location?: string;
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedShareResponse"];
                };
            };
        };
    };
    listShareOpenings: {
        parameters: {
            query?: {
                /** @description Entries in a page. */
                limit?: number;
                /** @description `nextCursor` of the page before; the other parameters must stay the same. */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description The share. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page. */
            200: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ShareOpeningListResponse"];
                };
            };
        };
    };
    revokeShare: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The share. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone. */
            204: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    openShare: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The share, from its link. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OpenShareDto"];
            };
        };
        responses: {
            /** @description Open. */
            200: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenedShareResponse"];
                };
            };
        };
    };
    listSharedFiles: {
        parameters: {
            query?: {
                /** @description Entries in a page. */
                limit?: number;
                /** @description `nextCursor` of the page before; the other parameters must stay the same. */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description The share, opened. */
                id: unknown;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page. */
            200: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SharedFileListResponse"];
                };
            };
        };
    };
    getSharedContent: {
        parameters: {
            query?: {
                /** @description `attachment` makes a browser save the file; types that it must not show are saved anyway. */
                disposition?: "inline" | "attachment";
            };
            header?: never;
            path: {
                /** @description One of its files. */
                fileId: string;
                /** @description The share, opened. */
                id: unknown;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The whole file. */
            200: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": Bytes;
                    "image/*": Bytes;
                    "video/*": Bytes;
                };
            };
            /** @description The range that was asked for. */
            206: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": Bytes;
                    "image/*": Bytes;
                    "video/*": Bytes;
                };
            };
        };
    };
    getSharedRendition: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description One of its files. */
                fileId: string;
                /** @description How small. */
                kind: "thumbnail" | "preview";
                /** @description The share, opened. */
                id: unknown;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The whole file. */
            200: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "image/webp": Bytes;
                };
            };
            /** @description The range that was asked for. */
            206: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "image/webp": Bytes;
                };
            };
        };
    };
    getSharedArchive: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The share, opened. */
                id: unknown;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The archive. */
            200: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/zip": Bytes;
                };
            };
        };
    };
    getSharePage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Of a share, or anything. */
                id: unknown;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The page. */
            200: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
        };
    };
    getSharePageAsset: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Which of them. */
                name: "share.css" | "icon.svg" | "share.js";
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file. */
            200: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "text/javascript": string;
                    "text/css": string;
                    "image/svg+xml": string;
                };
            };
        };
    };
    listDevices: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The trusted devices, the last used one first. */
            200: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceListResponse"];
                };
            };
        };
    };
    removeDevice: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description From the list of devices. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The device is not trusted any more. */
            204: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    changeEmail: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeEmailDto"];
            };
        };
        responses: {
            /** @description If a PIN is due, it is on its way to the new address. */
            202: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChallengeResponse"];
                };
            };
        };
    };
    confirmEmail: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ConfirmEmailDto"];
            };
        };
        responses: {
            /** @description The account has the new address. */
            204: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    signUp: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignUpDto"];
            };
        };
        responses: {
            /** @description If a PIN is due, it is on its way. */
            202: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChallengeResponse"];
                };
            };
        };
    };
    requestPin: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignInPinDto"];
            };
        };
        responses: {
            /** @description If a PIN is due, it is on its way. */
            202: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChallengeResponse"];
                };
            };
        };
    };
    reauthenticate: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReauthenticationDto"];
            };
        };
        responses: {
            /** @description The session is fresh. */
            204: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    requestReauthentication: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A PIN is on its way. */
            202: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChallengeResponse"];
                };
            };
        };
    };
    listSessions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The live sessions, the last used one first. */
            200: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionListResponse"];
                };
            };
        };
    };
    signIn: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignInDto"];
            };
        };
        responses: {
            /** @description Signed in. The tokens are shown this once. */
            201: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IssuedSessionResponse"];
                };
            };
        };
    };
    revokeOtherSessions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Only the session of this request is left. */
            204: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    signOut: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Signed out. */
            204: {
                headers: {
                    /** @description What a browser should forget. */
                    "Clear-Site-Data"?: string;
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    revokeSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description From the list of sessions. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description That session is over. */
            204: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    lockFolder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The folder. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LockFolderDto"];
            };
        };
        responses: {
            /** @description Locked. */
            200: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecoveryCodeResponse"];
                };
            };
        };
    };
    removeLock: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The folder. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The folder is open, and needs no password. */
            204: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    changeFolderPassword: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The folder. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeFolderPasswordDto"];
            };
        };
        responses: {
            /** @description The same, with a new key and a new recovery code. */
            200: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecoveryCodeResponse"];
                };
            };
            /** @description The new password opens the folder, the old one does not. */
            204: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    listTrash: {
        parameters: {
            query?: {
                /** @description Entries in a page. */
                limit?: number;
                /** @description `nextCursor` of the page before; the other parameters must stay the same. */
                cursor?: string;
                /** @description What of one folder is there; without it, of all open folders that are not there themselves. */
                folderId?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page. */
            200: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TrashResponse"];
                };
            };
        };
    };
    emptyTrash: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What is gone, and what stayed. */
            200: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EmptiedResponse"];
                };
            };
        };
    };
    restore: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["IdsDto"];
            };
        };
        responses: {
            /** @description What became of each. */
            200: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RestoredResponse"];
                };
            };
        };
    };
    purge: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The file or the folder. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone. */
            204: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    deleteAccount: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeleteAccountDto"];
            };
        };
        responses: {
            /** @description The account is closed, and the rest of it on its way out. */
            202: {
                headers: {
                    /** @description What a browser should forget. */
                    "Clear-Site-Data"?: string;
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletionResponse"];
                };
            };
        };
    };
    getExport: {
        parameters: {
            query?: {
                /** @description One folder. */
                folderId?: string;
                /** @description Some files, of any folders: up to 200 ids, separated by commas. This or `folderId`. */
                ids?: string;
            };
            header?: {
                /** @description One range: from–to, from–, or the last bytes (`bytes=-500`). */
                Range?: string;
                /** @description The ETag that the range belongs to; another file is sent whole. */
                "If-Range"?: string;
                /** @description The ETags that you have. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The whole file. */
            200: {
                headers: {
                    /** @description Strong and opaque; it says nothing about the bytes. */
                    ETag?: string;
                    /** @description `bytes` */
                    "Accept-Ranges"?: string;
                    /** @description The name, and whether a browser should show the file or save it. */
                    "Content-Disposition"?: string;
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/zip": Bytes;
                };
            };
            /** @description The range. */
            206: {
                headers: {
                    /** @description Strong and opaque; it says nothing about the bytes. */
                    ETag?: string;
                    /** @description `bytes` */
                    "Accept-Ranges"?: string;
                    /** @description The name, and whether a browser should show the file or save it. */
                    "Content-Disposition"?: string;
                    /** @description Which bytes of how many. */
                    "Content-Range"?: string;
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/zip": Bytes;
                };
            };
        };
    };
    headExport: {
        parameters: {
            query?: {
                /** @description One folder. */
                folderId?: string;
                /** @description Some files, of any folders: up to 200 ids, separated by commas. This or `folderId`. */
                ids?: string;
            };
            header?: {
                /** @description The ETags that you have. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The headers of GET. */
            200: {
                headers: {
                    /** @description Strong and opaque; it says nothing about the bytes. */
                    ETag?: string;
                    /** @description `bytes` */
                    "Accept-Ranges"?: string;
                    /** @description The name, and whether a browser should show the file or save it. */
                    "Content-Disposition"?: string;
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
}
